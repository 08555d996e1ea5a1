/**
 * The one place where names of the catalog differ from those on the shim's wire: the shim's own process and runtime
 * families go out bare, as the Go shim gives them, and the node monitor puts the prefix back.
 */
import type { MetricFamily } from '../../exposition/index.ts';

const BARE_ON_THE_WIRE = /^kata_shim_(?=process_|go_)/;

/** `kata_shim_process_open_fds` → `process_open_fds`; all other names stay. */
export function toWireName(name: string): string {
  return name.replace(BARE_ON_THE_WIRE, '');
}

/** Families as they are sent, by name. */
export function toWireFamilies(families: readonly MetricFamily[]): MetricFamily[] {
  return families
    .map((family) => ({ ...family, name: toWireName(family.name) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
