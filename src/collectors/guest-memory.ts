/**
 * kata_guest_meminfo, from /proc/meminfo: bytes where the kernel gives kB, plain counts as they are.
 */
import { type NameValue, readMeminfo } from '../procfs/index.ts';
import { multiplyDigits } from './digits.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { ItemNames } from './item-names.ts';
import { KeptSamples } from './kept-samples.ts';
import { toMeminfoItem } from './meminfo-item.ts';
import { firstOfEachItem } from './optional-samples.ts';

/** The kernel writes kB and means KiB. */
const BYTES_PER_KIB = 1024;

const names = new ItemNames(toMeminfoItem);

const kept = new KeptSamples(({ name, value, unit }: NameValue) => ({
  labels: names.labelsOf(name),
  value: unit === 'kB' ? multiplyDigits(value, BYTES_PER_KIB) : value,
}));

export function collectGuestMemory({ procfs }: GuestContext): CatalogFamily[] {
  const entries = readMeminfo(procfs);
  if (entries === undefined) {
    return [];
  }
  const all = kept.of(entries);
  const samples = names.mayBeAlike ? firstOfEachItem(all) : all;
  return samples.length === 0 ? [] : [family('kata_guest_meminfo', samples)];
}
