/**
 * kata_guest_vm_stat: every line of /proc/vmstat under the kernel's own names.
 */
import { readVmstat } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { itemLabels } from './label-sets.ts';

export function collectGuestVmStat({ procfs }: GuestContext): CatalogFamily[] {
  const entries = readVmstat(procfs);
  const samples = (entries ?? []).map(({ name, value }) => ({ labels: itemLabels(name), value }));
  return samples.length === 0 ? [] : [family('kata_guest_vm_stat', samples)];
}
