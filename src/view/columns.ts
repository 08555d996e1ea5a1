/**
 * The columns of a table of sandboxes. Pure.
 */
import { sandboxStates } from '../api/index.ts';
import {
  formatAge,
  formatBytes,
  formatCores,
  formatMilliseconds,
  formatNumber,
  formatRate,
  UNKNOWN,
} from './format.ts';
import { type SandboxRow, sandboxName } from './sandbox-rows.ts';

export interface Column {
  readonly key: string;
  readonly title: string;
  /** Description of the column: one sentence without a full stop. */
  readonly about: string;
  readonly isNumber: boolean;
  /** Whether it is only in wide tables. */
  readonly isWide?: boolean;
  /** Whether it is only in tables of several nodes. */
  readonly isOfFleet?: boolean;
  /** Sort key of a row; undefined sorts last. */
  readonly order: (row: SandboxRow) => number | string | undefined;
  readonly text: (row: SandboxRow) => string;
}

/** `0.98 / 2`; `-` where neither is known. */
function ofTotal(used: string, total: string): string {
  return used === total && used === UNKNOWN ? UNKNOWN : `${used} / ${total}`;
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

/** Seconds since then. Never negative: clocks differ. */
function ageAt(nowSeconds: number, thenSeconds: number | null): number | undefined {
  return thenSeconds === null ? undefined : Math.max(0, nowSeconds - thenSeconds);
}

export const columns = [
  {
    key: 'pod',
    title: 'POD',
    about: 'Namespace and name of the pod, or the beginning of the id of the sandbox',
    isNumber: false,
    order: ({ status }) => sandboxName(status),
    text: ({ status }) => sandboxName(status),
  },
  {
    key: 'node',
    title: 'NODE',
    about: 'Node of the sandbox, in a table of several nodes',
    isNumber: false,
    isOfFleet: true,
    order: ({ status }) => status.node ?? undefined,
    text: ({ status }) => status.node ?? '-',
  },
  {
    key: 'state',
    title: 'STATE',
    about: 'State of the sandbox, and why metrics are missing; the unhealthy ones are sorted last',
    isNumber: false,
    order: ({ status }) => sandboxStates.indexOf(status.state) * 2 + (status.reasons.length > 0 ? 1 : 0),
    text: ({ status: { state, reasons } }) =>
      reasons.length === 0 || reasons[0] === state ? state : `${state} (${reasons[0]})`,
  },
  {
    key: 'since',
    title: 'SINCE',
    about: 'For how long the sandbox has been in this state',
    isNumber: true,
    order: ({ status, nowSeconds }) => ageAt(nowSeconds, status.stateSinceSeconds),
    text: ({ status, nowSeconds }) => formatAge(ageAt(nowSeconds, status.stateSinceSeconds)),
  },
  {
    key: 'age',
    title: 'AGE',
    about: 'Time since the sandbox was created',
    isNumber: true,
    order: ({ status, nowSeconds }) => ageAt(nowSeconds, status.startSeconds),
    text: ({ status, nowSeconds }) => formatAge(ageAt(nowSeconds, status.startSeconds)),
  },
  {
    key: 'cpu',
    title: 'CPU',
    about: 'CPUs of the guest in use, and how many it has',
    isNumber: true,
    order: ({ rates }) => rates.cpuCores,
    text: ({ rates, status }) => ofTotal(formatCores(rates.cpuCores), formatNumber(status.cpu.cores)),
  },
  {
    key: 'memory',
    title: 'MEMORY',
    about: 'Memory of the guest in use, and how much it has',
    isNumber: true,
    order: ({ status }) => status.memory.workingSetBytes ?? undefined,
    text: ({ status: { memory } }) => ofTotal(formatBytes(memory.workingSetBytes), formatBytes(memory.totalBytes)),
  },
  {
    key: 'host',
    title: 'HOST MEM',
    about: 'Resident memory of the processes of the sandbox on the host',
    isNumber: true,
    order: ({ status }) => status.host.memoryBytes ?? undefined,
    text: ({ status }) => formatBytes(status.host.memoryBytes),
  },
  {
    key: 'overhead',
    title: 'OVERHEAD',
    about: 'Host memory beyond the memory of the containers',
    isNumber: true,
    order: ({ status }) => status.host.overheadMemoryBytes ?? undefined,
    text: ({ status }) => formatBytes(status.host.overheadMemoryBytes),
  },
  {
    key: 'network',
    title: 'NETWORK',
    about: 'Bytes that the guest receives and sends',
    isNumber: true,
    order: ({ rates }) => sum(rates.receiveBytes, rates.transmitBytes),
    text: ({ rates }) => formatRate(sum(rates.receiveBytes, rates.transmitBytes)),
  },
  {
    key: 'disk',
    title: 'DISK',
    about: 'Bytes that the guest reads and writes',
    isNumber: true,
    order: ({ rates }) => sum(rates.readBytes, rates.writtenBytes),
    text: ({ rates }) => formatRate(sum(rates.readBytes, rates.writtenBytes)),
  },
  {
    key: 'agent',
    title: 'AGENT',
    about: 'Mean duration of a call of the shim to its agent',
    isNumber: true,
    order: ({ rates }) => rates.agentMilliseconds,
    text: ({ rates }) => formatMilliseconds(rates.agentMilliseconds),
  },
  {
    key: 'load',
    title: 'LOAD',
    about: 'Load average of the guest over 1 minute',
    isNumber: true,
    isWide: true,
    order: ({ status }) => status.load1 ?? undefined,
    text: ({ status }) => formatCores(status.load1),
  },
  {
    key: 'hostcpu',
    title: 'HOST CPU',
    about: 'CPUs of the host that the processes of the sandbox use',
    isNumber: true,
    isWide: true,
    order: ({ rates }) => rates.hostCpuCores,
    text: ({ rates }) => formatCores(rates.hostCpuCores),
  },
  {
    key: 'oom',
    title: 'OOM KILLS',
    about: 'Processes that the kernel of the guest has killed because memory was short',
    isNumber: true,
    isWide: true,
    order: ({ status }) => status.memory.oomKillsTotal ?? undefined,
    text: ({ status }) => formatNumber(status.memory.oomKillsTotal),
  },
  {
    key: 'restarts',
    title: 'RESTARTS',
    about: 'Restarts of guest or shim under this id, since the monitor found the sandbox',
    isNumber: true,
    isWide: true,
    order: ({ status }) => status.restarts ?? undefined,
    text: ({ status }) => formatNumber(status.restarts),
  },
  {
    key: 'samples',
    title: 'SAMPLES',
    about: 'Samples that the sandbox returned',
    isNumber: true,
    isWide: true,
    order: ({ status }) => status.samples,
    text: ({ status }) => formatNumber(status.samples),
  },
  {
    key: 'where',
    title: 'WHERE',
    about: 'Directory of the sandbox',
    isNumber: false,
    isWide: true,
    order: ({ status }) => status.root ?? undefined,
    text: ({ status }) => status.root ?? '-',
  },
  {
    key: 'id',
    title: 'SANDBOX',
    about: 'Id of the sandbox',
    isNumber: false,
    isWide: true,
    order: ({ status }) => status.id,
    text: ({ status }) => status.id,
  },
] as const satisfies readonly Column[];

export type ColumnKey = (typeof columns)[number]['key'];

/** The columns of a table: of one node or of several, and with or without those of wide tables. */
export function columnsOf({
  hasNodes,
  isWide,
}: {
  readonly hasNodes: boolean;
  readonly isWide: boolean;
}): (typeof columns)[number][] {
  return columns.filter((column) =>
    hasNodes && column.key === 'where'
      ? false
      : (isWide || !('isWide' in column)) && (hasNodes || !('isOfFleet' in column)),
  );
}

/** Undefined for a text that is no key of a column. */
export function findColumn(key: string): (typeof columns)[number] | undefined {
  return columns.find((column) => column.key === key);
}
