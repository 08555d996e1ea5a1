/**
 * The only place where names of the catalog differ from those that the shim sends. Like the Go shim, this shim sends its
 * own process and runtime families without a prefix; the monitor adds it.
 */
import { shimRenames, toBareName } from '../../catalog/index.ts';
import type { MetricFamily } from '../../exposition/index.ts';

/** `kata_shim_process_open_fds` → `process_open_fds`; all other names are unchanged. */
export function toWireName(name: string): string {
  let wireName = known.get(name);
  if (wireName === undefined) {
    wireName = toBareName(shimRenames, name);
    if (known.size < MAX_KNOWN) {
      known.set(name, wireName);
    }
  }
  return wireName;
}

/** Limit of remembered names, more than the catalog has. */
const MAX_KNOWN = 1024;
const known = new Map<string, string>();

/** Families as they are sent, by name. */
export function toWireFamilies(families: readonly MetricFamily[]): MetricFamily[] {
  return families
    .map(({ name, type, help, samples }) => ({ name: toWireName(name), type, help, samples }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
