/**
 * The figures of each sandbox that `up` shows, taken from the monitor's own answer. Pure.
 */
import { parseValue, readSampleLine, scan } from '../exposition/index.ts';
import { formatBytes, formatTable } from './table.ts';

export interface SandboxFigures {
  readonly id: string;
  readonly isUp: boolean;
  readonly error: string | undefined;
  readonly isAgentUp: boolean | undefined;
  readonly load1: number | undefined;
  /** Of the guest. */
  readonly memoryAvailableBytes: number | undefined;
  readonly hypervisorRssBytes: number | undefined;
  readonly shimRssBytes: number | undefined;
  readonly overheadCpuPercent: number | undefined;
  readonly samples: number;
}

const BYTES_PER_KIB = 1024;

/** From text 0.0.4 of the whole node, in the order of the ids. */
export function readFigures(body: Buffer): SandboxFigures[] {
  const values = new Map<string, Map<string, number>>();
  const errors = new Map<string, string>();
  const samples = new Map<string, number>();
  const { families, lines } = scan(body);
  for (const { from, to } of families.flatMap(({ segments }) => segments)) {
    for (let line = from; line < to; line++) {
      const sample = readSampleLine(lines, line);
      const labels = new Map(sample.labels);
      const id = labels.get('sandbox_id');
      if (id === undefined) {
        continue;
      }
      if (sample.name === 'kata_sandbox_scrape_error') {
        errors.set(id, labels.get('reason') ?? '');
      }
      const ofSandbox = values.get(id) ?? new Map<string, number>();
      const item = labels.get('item');
      ofSandbox.set(item === undefined ? sample.name : `${sample.name}.${item}`, parseValue(sample.value));
      values.set(id, ofSandbox);
      samples.set(id, (samples.get(id) ?? 0) + 1);
    }
  }
  return [...values.keys()].sort().map((id) => toFigures(id, values.get(id)!, errors.get(id), samples.get(id) ?? 0));
}

function toFigures(
  id: string,
  values: ReadonlyMap<string, number>,
  error: string | undefined,
  samples: number,
): SandboxFigures {
  const kib = (name: string): number | undefined => {
    const value = values.get(name);
    return value === undefined ? undefined : value * BYTES_PER_KIB;
  };
  const agentUp = values.get('kata_shim_agent_up');
  return {
    id,
    isUp: values.get('kata_sandbox_up') === 1,
    error,
    isAgentUp: agentUp === undefined ? undefined : agentUp === 1,
    load1: values.get('kata_guest_load.load1'),
    memoryAvailableBytes: values.get('kata_guest_meminfo.mem_available'),
    hypervisorRssBytes: kib('kata_hypervisor_proc_status.vmrss'),
    shimRssBytes: values.get('kata_shim_process_resident_memory_bytes'),
    overheadCpuPercent: values.get('kata_shim_pod_overhead_cpu'),
    samples,
  };
}

const header = ['SANDBOX', 'STATE', 'AGENT', 'LOAD1', 'GUEST AVAIL', 'VMM RSS', 'SHIM RSS', 'OVERHEAD CPU', 'SAMPLES'];
const SHORT_ID_LENGTH = 12;

export function formatFigures(figures: readonly SandboxFigures[]): string {
  const rows = figures.map((each) => [
    each.id.slice(0, SHORT_ID_LENGTH),
    each.isUp ? (each.error ?? 'up') : `down: ${each.error ?? 'unknown'}`,
    each.isAgentUp === undefined ? '-' : each.isAgentUp ? 'up' : 'down',
    each.load1?.toFixed(2) ?? '-',
    formatBytes(each.memoryAvailableBytes),
    formatBytes(each.hypervisorRssBytes),
    formatBytes(each.shimRssBytes),
    each.overheadCpuPercent === undefined ? '-' : `${each.overheadCpuPercent.toFixed(1)} %`,
    String(each.samples),
  ]);
  return formatTable(header, rows, new Set([3, 4, 5, 6, 7, 8]));
}
