/**
 * kata_guest_meminfo, from /proc/meminfo: bytes where the kernel gives kB, plain counts as they are.
 */
import { readMeminfo } from '../procfs/index.ts';
import { multiplyDigits } from './digits.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { itemLabels } from './label-sets.ts';
import { toMeminfoItem } from './meminfo-item.ts';
import { firstOfEachItem } from './optional-samples.ts';

/** The kernel writes kB and means KiB. */
const BYTES_PER_KIB = 1024;

export function collectGuestMemory({ procfs }: GuestContext): CatalogFamily[] {
  const entries = readMeminfo(procfs);
  if (entries === undefined) {
    return [];
  }
  const samples = firstOfEachItem(
    entries.map(({ name, value, unit }) => ({
      labels: itemLabels(toMeminfoItem(name)),
      value: unit === 'kB' ? multiplyDigits(value, BYTES_PER_KIB) : value,
    })),
  );
  return samples.length === 0 ? [] : [family('kata_guest_meminfo', samples)];
}
