/**
 * Names of /proc/meminfo as `item` values, spelled as existing Kata agents spell them; names that those do not know
 * follow the same rule. Pure.
 */
import { copyText } from '../procfs/index.ts';

/** Names that the rule would split elsewhere. */
const EXCEPTIONS: Readonly<Record<string, string>> = { Percpu: 'per_cpu' };

/**
 * `Active(anon)` → `active_anon`, `KReclaimable` → `k_reclaimable`, `HugePages_Total` → `hugepages_total`,
 * `DirectMap2M` → `direct_map_2M`: a size keeps its unit's case.
 */
export function toMeminfoItem(name: string): string {
  let item = known.get(name);
  if (item === undefined) {
    item = spellItem(name);
    if (known.size < MAX_KNOWN) {
      known.set(copyText(name), item);
    }
  }
  return item;
}

/** Items by the kernel's names, of which there are some sixty. */
const known = new Map<string, string>();
const MAX_KNOWN = 1024;

function spellItem(name: string): string {
  const exception = EXCEPTIONS[name];
  if (exception !== undefined) {
    return exception;
  }
  const size = sizeAtEnd(name);
  const words = name.slice(0, name.length - (size?.length ?? 0));
  const snake = words
    .replace('HugePages', 'Hugepages')
    .replace('(', '_')
    .replace(')', '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
  return size === undefined ? snake : `${snake}_${size}`;
}

/** `2M` of `DirectMap2M`; undefined where there is none, or nothing before it. */
function sizeAtEnd(name: string): string | undefined {
  let start = name.length - 1;
  if (!/^[kMGT]$/.test(name.charAt(start))) {
    return undefined;
  }
  while (start > 0 && isDigit(name.charCodeAt(start - 1))) {
    start--;
  }
  return start === name.length - 1 || start === 0 ? undefined : name.slice(start);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
