/**
 * kata_agent_*: the process of the agent. One function for each file of /proc, so that a file that cannot be read costs
 * only its own families. `kata_agent_scrape_count` is not here: the agent counts it itself.
 */
import { catalog } from '../catalog/index.ts';
import { readProcessIo, readProcessStat, readProcessStatus } from '../procfs/index.ts';
import { addDigits } from './digits.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { itemLabels } from './label-sets.ts';
import { TICKS_PER_SECOND } from './machine.ts';
import { singleFamilies } from './optional-samples.ts';
import { toStatusItems } from './process-status-items.ts';
import { toTimeItems } from './process-time-items.ts';

/** `kata_agent_threads`, `proc_stat` and the three totals, from /proc/self/stat. */
export function collectAgentStat({ procfs, pageSizeBytes }: GuestContext): CatalogFamily[] {
  const stat = readProcessStat(procfs, 'self');
  if (stat === undefined) {
    return [];
  }
  const { utimeTicks, stimeTicks, rssPages } = stat;
  const times = toTimeItems(stat);
  const ticks = utimeTicks === undefined || stimeTicks === undefined ? undefined : addDigits(utimeTicks, stimeTicks);
  const rss = rssPages === undefined || pageSizeBytes === undefined ? undefined : Number(rssPages) * pageSizeBytes;
  return [
    ...(times.length === 0 ? [] : [family('kata_agent_proc_stat', times)]),
    ...singleFamilies('kata_agent_threads', stat.numThreads),
    ...singleFamilies('kata_agent_total_time', ticks === undefined ? undefined : Number(ticks) / TICKS_PER_SECOND),
    ...singleFamilies('kata_agent_total_vm', stat.vsizeBytes),
    ...singleFamilies('kata_agent_total_rss', rss),
  ];
}

/** `kata_agent_proc_status`, from /proc/self/status. */
export function collectAgentStatus({ procfs }: GuestContext): CatalogFamily[] {
  const samples = toStatusItems(readProcessStatus(procfs, 'self') ?? [], catalog.kata_agent_proc_status.labels.item);
  return samples.length === 0 ? [] : [family('kata_agent_proc_status', samples)];
}

/** `kata_agent_io_stat`, from /proc/self/io; the agent keeps the kernel's spelling. */
export function collectAgentIo({ procfs }: GuestContext): CatalogFamily[] {
  const entries = readProcessIo(procfs, 'self') ?? [];
  const samples = entries.map(({ name, value }) => ({ labels: itemLabels(name), value }));
  return samples.length === 0 ? [] : [family('kata_agent_io_stat', samples)];
}
