/**
 * The table of `kata-metrics top` as CSV, in base units. Pure: rows in, text out.
 */
import type { SandboxRow } from '../../view/index.ts';
import { toCsvCell } from '../csv.ts';

const csvColumns: readonly (readonly [string, (row: SandboxRow) => number | string | null | undefined])[] = [
  ['namespace', ({ status }) => status.namespace],
  ['pod', ({ status }) => status.pod],
  ['id', ({ status }) => status.id],
  ['node', ({ status }) => status.node],
  ['where', ({ status }) => status.root],
  ['state', ({ status }) => status.state],
  ['reasons', ({ status }) => status.reasons.join(' ')],
  ['stateSinceSeconds', ({ status }) => status.stateSinceSeconds],
  ['startSeconds', ({ status }) => status.startSeconds],
  ['cpuCoresUsed', ({ rates }) => rates.cpuCores],
  ['cpuCores', ({ status }) => status.cpu.cores],
  ['memoryWorkingSetBytes', ({ status }) => status.memory.workingSetBytes],
  ['memoryTotalBytes', ({ status }) => status.memory.totalBytes],
  ['hostMemoryBytes', ({ status }) => status.host.memoryBytes],
  ['overheadMemoryBytes', ({ status }) => status.host.overheadMemoryBytes],
  ['hostCpuCoresUsed', ({ rates }) => rates.hostCpuCores],
  ['networkReceiveBytesPerSecond', ({ rates }) => rates.receiveBytes],
  ['networkTransmitBytesPerSecond', ({ rates }) => rates.transmitBytes],
  ['diskReadBytesPerSecond', ({ rates }) => rates.readBytes],
  ['diskWrittenBytesPerSecond', ({ rates }) => rates.writtenBytes],
  ['load1', ({ status }) => status.load1],
  ['agentMilliseconds', ({ rates }) => rates.agentMilliseconds],
  ['samples', ({ status }) => status.samples],
];

/** RFC 4180, but with a line feed at the end of each line; unknown values are empty. */
export function formatCsv(rows: readonly SandboxRow[]): string {
  const lines = rows.map((row) => csvColumns.map(([, pick]) => toCsvCell(pick(row))).join(','));
  return [csvColumns.map(([name]) => name).join(','), ...lines].map((line) => `${line}\n`).join('');
}
