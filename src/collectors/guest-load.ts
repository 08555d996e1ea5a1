/**
 * kata_guest_load and kata_guest_tasks, from /proc/loadavg.
 */
import { readLoadavg } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';

export async function collectGuestLoad({ procfs }: GuestContext): Promise<CatalogFamily[]> {
  const load = await readLoadavg(procfs);
  if (load === undefined) {
    return [];
  }
  return [
    family('kata_guest_load', [
      { labels: { item: 'load1' }, value: load.load1 },
      { labels: { item: 'load5' }, value: load.load5 },
      { labels: { item: 'load15' }, value: load.load15 },
    ]),
    family('kata_guest_tasks', [
      { labels: { item: 'cur' }, value: load.runnableTasks },
      { labels: { item: 'max' }, value: load.totalTasks },
    ]),
  ];
}
