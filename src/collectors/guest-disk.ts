/**
 * kata_guest_diskstat, from /proc/diskstats: as many columns as the guest's kernel has.
 */
import { readDiskstats } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { LabelsWithItem } from './label-sets.ts';

const diskLabels = new LabelsWithItem('disk');

export function collectGuestDisk({ procfs }: GuestContext): CatalogFamily[] {
  const disks = readDiskstats(procfs) ?? [];
  const samples = disks.flatMap(({ name, fields }) =>
    Object.entries(fields).map(([item, value]) => ({ labels: diskLabels.of(name, item), value })),
  );
  return samples.length === 0 ? [] : [family('kata_guest_diskstat', samples)];
}
