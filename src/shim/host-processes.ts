/**
 * The processes of a sandbox on the host, and what /proc says of them. Called at each request. A process is known by its
 * pid and its start time: a pid that another process has got since is as good as gone.
 */
import {
  type CatalogFamily,
  type CollectorProblem,
  collectFamilies,
  collectHostFds,
  collectHostIo,
  collectHostNetDev,
  collectHostStat,
  collectHostStatus,
  findStatusKib,
  type HostPrefix,
  TICKS_PER_SECOND,
} from '../collectors/index.ts';
import { type Procfs, readProcessStat, readProcessStatus } from '../procfs/index.ts';
import type { Use } from './pod-overhead.ts';

export interface ProcessReference {
  readonly pid: number;
  /** As /proc/<pid>/stat had it when the process was first seen; without it, whoever has the pid is meant. */
  readonly startTimeTicks?: string;
}

export interface HostProcess extends ProcessReference {
  readonly prefix: HostPrefix;
  readonly startTimeTicks: string;
}

/** Remembers who has the pid now. Throws an Error when there is no such process. */
export async function identifyProcess(procfs: Procfs, prefix: HostPrefix, pid: number): Promise<HostProcess> {
  const stat = await readProcessStat(procfs, pid);
  if (stat === undefined) {
    throw new Error(`Cannot watch process ${pid}: there is none in "${procfs.root}"`);
  }
  return { prefix, pid, startTimeTicks: stat.startTimeTicks };
}

export interface HostFigures {
  readonly families: readonly CatalogFamily[];
  readonly problems: readonly CollectorProblem[];
}

/** The families of one process; none when it has ended. */
export async function collectHostProcess(
  procfs: Procfs,
  { prefix, pid, startTimeTicks }: HostProcess,
): Promise<HostFigures> {
  const stat = await readProcessStat(procfs, pid);
  if (stat?.startTimeTicks !== startTimeTicks) {
    return { families: [], problems: [{ collector: prefix, message: `Process ${pid} has ended` }] };
  }
  const collectors = [
    { name: `${prefix}stat`, collect: () => collectHostStat({ procfs, prefix, pid }) },
    { name: `${prefix}status`, collect: () => collectHostStatus({ procfs, prefix, pid }) },
    { name: `${prefix}io`, collect: () => collectHostIo({ procfs, prefix, pid }) },
    { name: `${prefix}fds`, collect: () => collectHostFds({ procfs, prefix, pid }) },
  ];
  if (prefix !== 'kata_virtiofsd_') {
    collectors.push({ name: `${prefix}netdev`, collect: () => collectHostNetDev({ procfs, prefix, pid }) });
  }
  return collectFamilies(collectors, undefined);
}

const MS_PER_TICK = 1000 / TICKS_PER_SECOND;
const BYTES_PER_KIB = 1024;

/** Memory and CPU time of processes together. Undefined when one of them cannot be read: a sum without it would lie. */
export async function readUse(procfs: Procfs, processes: readonly ProcessReference[]): Promise<Use> {
  const uses = await Promise.all(processes.map((process) => readProcessUse(procfs, process)));
  return { memoryBytes: sum(uses.map((use) => use.memoryBytes)), cpuMs: sum(uses.map((use) => use.cpuMs)) };
}

async function readProcessUse(procfs: Procfs, { pid, startTimeTicks }: ProcessReference): Promise<Use> {
  const [stat, status] = await Promise.all([readProcessStat(procfs, pid), readProcessStatus(procfs, pid)]);
  if (stat === undefined || (startTimeTicks !== undefined && stat.startTimeTicks !== startTimeTicks)) {
    return { memoryBytes: undefined, cpuMs: undefined };
  }
  const rssKib = status && findStatusKib(status, 'VmRSS');
  return {
    memoryBytes: rssKib === undefined ? undefined : Number(rssKib) * BYTES_PER_KIB,
    cpuMs: (Number(stat.utimeTicks) + Number(stat.stimeTicks)) * MS_PER_TICK,
  };
}

function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce<number | undefined>(
    (total, value) => (total === undefined || value === undefined ? undefined : total + value),
    0,
  );
}
