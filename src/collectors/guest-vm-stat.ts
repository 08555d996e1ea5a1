/**
 * kata_guest_vm_stat: every line of /proc/vmstat under the kernel's own names.
 */
import { type NameValue, readVmstat } from '../procfs/index.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { KeptSamples } from './kept-samples.ts';
import { itemLabels } from './label-sets.ts';

const kept = new KeptSamples(({ name, value }: NameValue) => ({ labels: itemLabels(name), value }));

export function collectGuestVmStat({ procfs }: GuestContext): CatalogFamily[] {
  const entries = readVmstat(procfs);
  const samples = entries === undefined ? [] : kept.of(entries);
  return samples.length === 0 ? [] : [family('kata_guest_vm_stat', samples)];
}
