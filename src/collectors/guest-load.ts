/**
 * kata_guest_load and kata_guest_tasks, from /proc/loadavg.
 */
import { readLoadavg } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { itemLabels } from './label-sets.ts';
import { toItems } from './optional-samples.ts';

export function collectGuestLoad({ procfs }: GuestContext): CatalogFamily[] {
  const load = readLoadavg(procfs);
  if (load === undefined) {
    return [];
  }
  const tasks = toItems({ cur: load.runnableTasks, max: load.totalTasks });
  return [
    family('kata_guest_load', [
      { labels: itemLabels('load1'), value: load.load1 },
      { labels: itemLabels('load5'), value: load.load5 },
      { labels: itemLabels('load15'), value: load.load15 },
    ]),
    ...(tasks.length === 0 ? [] : [family('kata_guest_tasks', tasks)]),
  ];
}
