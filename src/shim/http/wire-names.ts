/**
 * The one place where names in the catalog differ from those on the shim's wire. As the Go shim does, this shim sends its own
 * process and runtime families without a prefix; the monitor adds it.
 */
import { shimRenames, toBareName } from '../../catalog/index.ts';
import type { MetricFamily } from '../../exposition/index.ts';

/** `kata_shim_process_open_fds` → `process_open_fds`; all other names are unchanged. */
export function toWireName(name: string): string {
  return toBareName(shimRenames, name);
}

/** Families as they are sent, by name. */
export function toWireFamilies(families: readonly MetricFamily[]): MetricFamily[] {
  return families
    .map((family) => ({ ...family, name: toWireName(family.name) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
