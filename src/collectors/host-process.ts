/**
 * Processes of a sandbox measured on the host: the hypervisor, virtiofsd and the shim itself have the same families, each
 * under its prefix. One function for each file of /proc, so that a file that may not be read costs only its own families.
 */
import { catalog } from '../catalog/index.ts';
import {
  countProcessFds,
  type Procfs,
  readNetDev,
  readProcessIo,
  readProcessStat,
  readProcessStatus,
} from '../procfs/index.ts';
import { type CatalogFamily, family, singleFamily } from './family.ts';
import { itemLabels } from './label-sets.ts';
import { toNetDevSamples } from './net-dev-items.ts';
import { firstOfEachItem, singleFamilies } from './optional-samples.ts';
import { toStatusItems } from './process-status-items.ts';
import { toTimeItems } from './process-time-items.ts';

export type HostPrefix = 'kata_hypervisor_' | 'kata_shim_' | 'kata_virtiofsd_';

export interface HostProcessContext<P extends HostPrefix = HostPrefix> {
  readonly procfs: Procfs;
  readonly prefix: P;
  readonly pid: number;
}

/** `threads` and `proc_stat`, from /proc/<pid>/stat. */
export function collectHostStat({ procfs, prefix, pid }: HostProcessContext): CatalogFamily[] {
  const stat = readProcessStat(procfs, pid);
  if (stat === undefined) {
    return [];
  }
  const times = toTimeItems(stat);
  return [
    ...singleFamilies(`${prefix}threads`, stat.numThreads),
    ...(times.length === 0 ? [] : [family(`${prefix}proc_stat`, times)]),
  ];
}

/** `proc_status`, from /proc/<pid>/status. */
export function collectHostStatus({ procfs, prefix, pid }: HostProcessContext): CatalogFamily[] {
  const entries = readProcessStatus(procfs, pid);
  const samples = toStatusItems(entries ?? [], catalog[`${prefix}proc_status`].labels.item);
  return samples.length === 0 ? [] : [family(`${prefix}proc_status`, samples)];
}

/** `io_stat`, from /proc/<pid>/io; the host side spells its items without underscores. */
export function collectHostIo({ procfs, prefix, pid }: HostProcessContext): CatalogFamily[] {
  const entries = readProcessIo(procfs, pid);
  const samples = firstOfEachItem(
    (entries ?? []).map(({ name, value }) => ({ labels: itemLabels(name.replaceAll('_', '')), value })),
  );
  return samples.length === 0 ? [] : [family(`${prefix}io_stat`, samples)];
}

/** `fds`, from the entries of /proc/<pid>/fd. */
export function collectHostFds({ procfs, prefix, pid }: HostProcessContext): CatalogFamily[] {
  const count = countProcessFds(procfs, pid);
  return count === undefined ? [] : [singleFamily(`${prefix}fds`, count)];
}

export interface HostNetDevContext extends HostProcessContext<'kata_hypervisor_' | 'kata_shim_'> {
  /** Default: every interface is shown. */
  readonly isShown?: (name: string) => boolean;
}

/** `netdev`, from /proc/<pid>/net/dev: interfaces of the process's own network namespace. */
export function collectHostNetDev({ procfs, prefix, pid, isShown = () => true }: HostNetDevContext): CatalogFamily[] {
  const devices = readNetDev(procfs, pid) ?? [];
  const samples = toNetDevSamples(devices.filter(({ name }) => isShown(name)));
  return samples.length === 0 ? [] : [family(`${prefix}netdev`, samples)];
}
