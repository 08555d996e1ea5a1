/**
 * Memory and CPU time of processes on the host, from /proc. Called at each request for metrics.
 */
import { findStatusKib, TICKS_PER_SECOND } from '../../collectors/index.ts';
import { type Procfs, readProcessStat, readProcessStatus } from '../../procfs/index.ts';
import type { ProcessReference } from '../processes/host-processes.ts';
import type { Use } from './use.ts';

const MS_PER_TICK = 1000 / TICKS_PER_SECOND;
const BYTES_PER_KIB = 1024;

interface ProcessUse {
  readonly cpu: readonly [counter: string, ms: number];
  readonly memoryKib: ProcessMemoryKib | undefined;
}

interface ProcessMemoryKib {
  /** Anonymous memory and page tables, which only this process has. */
  readonly own: number;
  readonly shared: number;
}

/**
 * Returns the use of all processes together. Memory is what a cgroup would be charged for them: anonymous and shared
 * memory and page tables. Shared memory is counted once, because the processes of a sandbox share the same: the memory of
 * the guest. Memory of mapped programs is omitted: a node has it once for all of its sandboxes, and can drop it. If a
 * value of one process cannot be read, the sum is unknown.
 */
export function readProcessesUse(procfs: Procfs, processes: readonly ProcessReference[]): Use {
  const uses = processes.map((process) => readProcessUse(procfs, process));
  const memory = uses.map((use) => use?.memoryKib);
  return {
    memoryBytes: memory.every((kib) => kib !== undefined)
      ? (sum(memory.map(({ own }) => own)) + Math.max(0, ...memory.map(({ shared }) => shared))) * BYTES_PER_KIB
      : undefined,
    cpuMs: uses.every((use) => use !== undefined) ? new Map(uses.map(({ cpu }) => cpu)) : undefined,
  };
}

/** See proc_pid_stat(5). Undefined when the process has ended. */
function readProcessUse(procfs: Procfs, { pid, startTimeTicks }: ProcessReference): ProcessUse | undefined {
  const stat = readProcessStat(procfs, pid);
  if (stat === undefined || (startTimeTicks !== undefined && stat.startTimeTicks !== startTimeTicks)) {
    return undefined;
  }
  const cpuMs = (Number(stat.utimeTicks) + Number(stat.stimeTicks)) * MS_PER_TICK;
  return { memoryKib: readMemoryKib(procfs, pid), cpu: [`process ${pid} since ${stat.startTimeTicks}`, cpuMs] };
}

/**
 * See proc_pid_status(5). Not from smaps_rollup, which has the same without files as `Pss_Anon` and `Pss_Shmem`: there the
 * kernel walks the page tables at each read, and a guest has gigabytes. Undefined before Linux 4.5.
 */
function readMemoryKib(procfs: Procfs, pid: number): ProcessMemoryKib | undefined {
  const status = readProcessStatus(procfs, pid);
  const [anonymous, shared, pageTables] = ['RssAnon', 'RssShmem', 'VmPTE'].map((name) =>
    status === undefined ? undefined : findStatusKib(status, name),
  );
  return anonymous === undefined || shared === undefined
    ? undefined
    : { own: Number(anonymous) + Number(pageTables ?? 0), shared: Number(shared) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
