/**
 * kata_guest_diskstat, from /proc/diskstats: as many columns as the guest's kernel has.
 */
import { type DiskColumn, type DiskStats, readDiskstats } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { KeptSamples } from './kept-samples.ts';
import { LabelsWithItem } from './label-sets.ts';

const diskLabels = new LabelsWithItem('disk');

const kept = new KeptSamples(({ name, fields }: DiskStats) => {
  const samples: { labels: ReturnType<typeof diskLabels.of>; value: string }[] = [];
  for (const item in fields) {
    samples.push({ labels: diskLabels.of(name, item), value: fields[item as DiskColumn]! });
  }
  return samples;
});

export function collectGuestDisk({ procfs }: GuestContext): CatalogFamily[] {
  const disks = readDiskstats(procfs) ?? [];
  const samples = kept.of(disks).flat();
  return samples.length === 0 ? [] : [family('kata_guest_diskstat', samples)];
}
