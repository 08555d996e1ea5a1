/**
 * /proc/<pid>/status lines as the `item` values of the proc_status families. Shared by the agent's and the host's
 * collectors; reads nothing.
 */
import type { ProcessStatusEntry } from '../procfs/index.ts';
import { ItemNames } from './item-names.ts';
import { firstOfEachItem } from './optional-samples.ts';

export interface StatusItem {
  readonly labels: { readonly item: string };
  readonly value: string;
}

const names = new ItemNames((name) => name.toLowerCase());

/**
 * The lines whose name, in small letters, is one of `items`: a family's catalog row has them. In the kernel's order; KiB
 * and counts, as the kernel gives them.
 */
export function toStatusItems(entries: readonly ProcessStatusEntry[], items: readonly string[]): StatusItem[] {
  const samples: StatusItem[] = [];
  for (const { name, value } of entries) {
    const labels = names.labelsOf(name);
    if (items.includes(labels.item)) {
      samples.push({ labels, value });
    }
  }
  return names.mayBeAlike ? firstOfEachItem(samples) : samples;
}

/** KiB of one line, such as `VmRSS`; undefined where the kernel does not have it. */
export function findStatusKib(entries: readonly ProcessStatusEntry[], name: string): string | undefined {
  return entries.find((entry) => entry.name === name)?.value;
}
