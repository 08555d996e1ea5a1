/**
 * Metrics of a program about its own process, under the names that every Prometheus client library uses:
 * `kata_shim_process_*`, `kata_monitor_process_*` and, without the memory limit and the network, `kata_agent_process_*`.
 */
import {
  countProcessFds,
  type Procfs,
  readNetstatOctets,
  readProcessLimits,
  readProcessStat,
  readStat,
} from '../procfs/index.ts';
import { addDigits } from './digits.ts';
import { type CatalogFamily, singleFamily } from './family.ts';
import { TICKS_PER_SECOND } from './machine.ts';

/** Owners that have process, Go and Node.js families of their own. */
export type OwnPrefix = 'kata_monitor_' | 'kata_shim_';

export interface OwnProcessContext {
  readonly procfs: Procfs;
  readonly prefix: OwnPrefix | 'kata_agent_';
  readonly pageSizeBytes: number | undefined;
}

/** Value that the Go client library reports if there is no memory limit: 2^64 - 1 as a float. */
const UNLIMITED_BYTES = 2 ** 64;
/** Text of /proc/<pid>/limits for no limit. */
const UNLIMITED = 'unlimited';

export function collectOwnProcess(context: OwnProcessContext): CatalogFamily[] {
  const { procfs, prefix, pageSizeBytes } = context;
  const stat = readProcessStat(procfs, 'self');
  const machine = readStat(procfs);
  const openFds = countProcessFds(procfs, 'self');
  const limits = readProcessLimits(procfs, 'self');
  const octets = prefix === 'kata_agent_' ? undefined : readNetstatOctets(procfs, 'self');
  const families: CatalogFamily[] = [];
  const add = (name: Parameters<typeof singleFamily>[0], value: number | string | undefined): void => {
    if (value !== undefined) {
      families.push(singleFamily(name, value));
    }
  };
  if (stat !== undefined) {
    const { utimeTicks, stimeTicks, rssPages } = stat;
    if (utimeTicks !== undefined && stimeTicks !== undefined) {
      const cpuTicks = Number(addDigits(utimeTicks, stimeTicks));
      add(`${prefix}process_cpu_seconds_total`, cpuTicks / TICKS_PER_SECOND);
    }
    if (rssPages !== undefined && pageSizeBytes !== undefined) {
      add(`${prefix}process_resident_memory_bytes`, Number(rssPages) * pageSizeBytes);
    }
    add(`${prefix}process_virtual_memory_bytes`, stat.vsizeBytes);
    const bootSeconds = machine?.btimeSeconds;
    if (bootSeconds !== undefined) {
      add(`${prefix}process_start_time_seconds`, Number(bootSeconds) + Number(stat.startTimeTicks) / TICKS_PER_SECOND);
    }
  }
  add(`${prefix}process_open_fds`, openFds);
  if (limits?.maxOpenFiles !== UNLIMITED) {
    add(`${prefix}process_max_fds`, limits?.maxOpenFiles);
  }
  if (prefix !== 'kata_agent_') {
    add(`${prefix}process_network_receive_bytes_total`, octets?.inOctets);
    add(`${prefix}process_network_transmit_bytes_total`, octets?.outOctets);
    const limit = limits?.maxAddressSpaceBytes;
    add(`${prefix}process_virtual_memory_max_bytes`, limit === UNLIMITED ? UNLIMITED_BYTES : limit);
  }
  return families;
}
