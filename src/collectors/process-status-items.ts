/**
 * /proc/<pid>/status lines as the `item` values of the proc_status families. Shared by the agent's and the host's
 * collectors; reads nothing.
 */
import { copyText, type ProcessStatusEntry } from '../procfs/index.ts';
import { itemLabels } from './label-sets.ts';
import { firstOfEachItem } from './optional-samples.ts';

export interface StatusItem {
  readonly labels: { readonly item: string };
  readonly value: string;
}

/**
 * The lines whose name, in small letters, is one of `items`: a family's catalog row has them. In the kernel's order; KiB
 * and counts, as the kernel gives them.
 */
export function toStatusItems(entries: readonly ProcessStatusEntry[], items: readonly string[]): StatusItem[] {
  const samples: StatusItem[] = [];
  for (const { name, value } of entries) {
    const labels = labelsOf(name);
    if (items.includes(labels.item)) {
      samples.push({ labels, value });
    }
  }
  return firstOfEachItem(samples);
}

const labelsByName = new Map<string, StatusItem['labels']>();
/** More than any kernel has. */
const MAX_NAMES = 1024;

function labelsOf(name: string): StatusItem['labels'] {
  let labels = labelsByName.get(name);
  if (labels === undefined) {
    labels = itemLabels(name.toLowerCase());
    if (labelsByName.size < MAX_NAMES) {
      labelsByName.set(copyText(name), labels);
    }
  }
  return labels;
}

/** KiB of one line, such as `VmRSS`; undefined where the kernel does not have it. */
export function findStatusKib(entries: readonly ProcessStatusEntry[], name: string): string | undefined {
  return entries.find((entry) => entry.name === name)?.value;
}
