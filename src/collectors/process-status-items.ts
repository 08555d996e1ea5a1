/**
 * /proc/<pid>/status lines as the `item` values of the proc_status families. Shared by the agent's and the host's
 * collectors; reads nothing.
 */
import type { ProcessStatusEntry } from '../procfs/index.ts';

/** Memory of the process in KiB, and its context switches; see proc_pid_status(5). */
const ITEM = /^(?:Vm[A-Z]\w*|Rss\w+|HugetlbPages|(?:non)?voluntary_ctxt_switches)$/;

export interface StatusItem<I extends string> {
  readonly labels: { readonly item: I };
  readonly value: string;
}

/** In the kernel's order. KiB and counts, as the kernel gives them. */
export function toStatusItems(entries: readonly ProcessStatusEntry[]): StatusItem<string>[] {
  return entries
    .filter(({ name }) => ITEM.test(name))
    .map(({ name, value }) => ({ labels: { item: name.toLowerCase() }, value }));
}

/** KiB of one line, such as `VmRSS`; undefined where the kernel does not have it. */
export function findStatusKib(entries: readonly ProcessStatusEntry[], name: string): string | undefined {
  return entries.find((entry) => entry.name === name)?.value;
}
