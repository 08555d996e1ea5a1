/**
 * Memory and CPU time of processes on the host, by /proc. Called at each request for metrics.
 */
import { findStatusKib, TICKS_PER_SECOND } from '../../collectors/index.ts';
import { type ProcessStat, type Procfs, readProcessStat, readProcessStatus } from '../../procfs/index.ts';
import type { ProcessReference } from '../processes/host-processes.ts';
import { addUses, NO_USE, type Use } from './use.ts';

const MS_PER_TICK = 1000 / TICKS_PER_SECOND;
const BYTES_PER_KIB = 1024;

/** All of them together; see proc_pid_stat(5) and VmRSS of proc_pid_status(5). */
export async function readProcessesUse(procfs: Procfs, processes: readonly ProcessReference[]): Promise<Use> {
  return addUses(await Promise.all(processes.map((process) => readProcessUse(procfs, process))));
}

async function readProcessUse(procfs: Procfs, { pid, startTimeTicks }: ProcessReference): Promise<Use> {
  const [stat, status] = await Promise.all([readProcessStat(procfs, pid), readProcessStatus(procfs, pid)]);
  if (stat !== undefined && startTimeTicks !== undefined && stat.startTimeTicks !== startTimeTicks) {
    return NO_USE;
  }
  const rssKib = status && findStatusKib(status, 'VmRSS');
  return {
    memoryBytes: rssKib === undefined ? undefined : Number(rssKib) * BYTES_PER_KIB,
    cpuMs: stat && toCpuMs(pid, stat),
  };
}

function toCpuMs(pid: number, { utimeTicks, stimeTicks, startTimeTicks }: ProcessStat): Use['cpuMs'] {
  const isKnown = utimeTicks !== undefined && stimeTicks !== undefined;
  const cpuMs = (Number(utimeTicks) + Number(stimeTicks)) * MS_PER_TICK;
  return isKnown ? new Map([[`process ${pid} since ${startTimeTicks}`, cpuMs]]) : undefined;
}
