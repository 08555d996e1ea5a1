/**
 * The processes of a sandbox on the host, and their values in /proc. Called at each request. A process is identified by
 * its PID and its start time: if another process has got the PID, the process has ended.
 */
import {
  type CatalogFamily,
  type Collector,
  type CollectorProblem,
  collectFamilies,
  collectHostFds,
  collectHostIo,
  collectHostNetDev,
  collectHostStat,
  collectHostStatus,
  type HostPrefix,
  type VcpuWaitCollector,
} from '../../collectors/index.ts';
import { type Procfs, readProcessStat, readProcessStatus } from '../../procfs/index.ts';
import type { IsShownInterface } from './shown-interfaces.ts';

export interface ProcessReference {
  readonly pid: number;
  /** Start time in /proc/<pid>/stat when the process was first seen; without it, any process with the PID is accepted. */
  readonly startTimeTicks?: string;
}

export interface HostProcess extends ProcessReference {
  readonly prefix: HostPrefix;
  readonly startTimeTicks: string;
  /** Waiting times of the virtual CPUs, for a hypervisor that has them. */
  readonly vcpus?: VcpuWaitCollector;
}

/**
 * Remembers who has the pid now.
 * @throws {Error} when there is no such process.
 */
export async function identifyProcess(procfs: Procfs, prefix: HostPrefix, pid: number): Promise<HostProcess> {
  const stat = readProcessStat(procfs, pid);
  if (stat === undefined) {
    throw new Error(`Cannot watch process ${pid}: there is none in "${procfs.root}"`);
  }
  return { prefix, pid, startTimeTicks: stat.startTimeTicks };
}

export interface HostReading {
  readonly families: readonly CatalogFamily[];
  readonly problems: readonly CollectorProblem[];
}

/** The families of one process; none when it has ended. */
export async function collectHostProcess(
  procfs: Procfs,
  { prefix, pid, startTimeTicks, vcpus }: HostProcess,
  shownInterfaces: (pid: number) => IsShownInterface,
): Promise<HostReading> {
  if (!isStillThere(procfs, pid, startTimeTicks)) {
    return { families: [], problems: [{ collector: prefix, message: `Process ${pid} has ended` }] };
  }
  const collectors: Collector<undefined>[] = [
    { name: `${prefix}stat`, collect: () => collectHostStat({ procfs, prefix, pid }) },
    { name: `${prefix}status`, collect: () => collectHostStatus({ procfs, prefix, pid }) },
    { name: `${prefix}io`, collect: () => collectHostIo({ procfs, prefix, pid }) },
    { name: `${prefix}fds`, collect: () => collectHostFds({ procfs, prefix, pid }) },
  ];
  if (vcpus !== undefined) {
    collectors.push({ name: `${prefix}vcpus`, collect: () => vcpus.collect(procfs, pid), canBeEmpty: true });
  }
  if (prefix !== 'kata_virtiofsd_') {
    collectors.push({
      name: `${prefix}netdev`,
      collect: () => collectHostNetDev({ procfs, prefix, pid, isShown: shownInterfaces(pid) }),
    });
  }
  return collectFamilies(collectors, undefined);
}

/** A stat without a start time, of a process that is there otherwise, is an odd line: it costs what is in it. */
function isStillThere(procfs: Procfs, pid: number, startTimeTicks: string): boolean {
  const stat = readProcessStat(procfs, pid);
  return stat === undefined ? readProcessStatus(procfs, pid) !== undefined : stat.startTimeTicks === startTimeTicks;
}
