/**
 * The kernel's names in /proc/meminfo as `item` values, spelled as existing Kata agents spell them; names that they do
 * not know are turned in the same manner. Pure.
 */

/** Names that the rule would split elsewhere. */
const EXCEPTIONS: Readonly<Record<string, string>> = { Percpu: 'per_cpu' };

/**
 * `Active(anon)` → `active_anon`, `KReclaimable` → `k_reclaimable`, `HugePages_Total` → `hugepages_total`,
 * `DirectMap2M` → `direct_map_2M`: a size keeps its unit's case.
 */
export function toMeminfoItem(name: string): string {
  const exception = EXCEPTIONS[name];
  if (exception !== undefined) {
    return exception;
  }
  const [, words = name, size] = /^(.*?\D)(\d+[kMGT])$/.exec(name) ?? [];
  const snake = words
    .replace('HugePages', 'Hugepages')
    .replace(/\((\w+)\)/, '_$1')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
  return size === undefined ? snake : `${snake}_${size}`;
}
