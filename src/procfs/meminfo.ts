/**
 * /proc/meminfo: the use of the memory. Collectors read it.
 */
import type { KeptLines } from './kept-lines.ts';
import { type NameValue, parseNameValues } from './name-value.ts';
import { type Procfs, readParsed } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/** Limit: kernels have at most some 200 lines of 40 bytes, and add a few each year. */
const MAX_BYTES = 1024 * 1024;

/** Amounts that are part of another one, by the name of that. See proc_meminfo(5). */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  MemTotal: ['MemFree', 'MemAvailable', 'Buffers', 'Cached', 'Active', 'Inactive', 'AnonPages', 'Shmem', 'Slab'],
  SwapTotal: ['SwapFree', 'SwapCached'],
  HugePages_Total: ['HugePages_Free', 'HugePages_Rsvd', 'HugePages_Surp'],
  CmaTotal: ['CmaFree'],
  VmallocTotal: ['VmallocUsed', 'VmallocChunk'],
};

const TOTALS: ReadonlySet<string> = new Set(Object.keys(PARTS));

const TOTAL_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(PARTS).flatMap(([total, parts]) => parts.map((part): [string, string] => [part, total])),
);

/**
 * Reads /proc/meminfo, see proc_meminfo(5): every line, in the kernel's order; KiB where the unit is `kB`, else pages of
 * the huge kind. Undefined when it is not there.
 */
export function readMeminfo(procfs: Procfs): NameValue[] | undefined {
  return readParsed(procfs, ['meminfo'], MAX_BYTES, parseMeminfo);
}

/** Skips lines that are no name and number, and amounts that are more than that of which they are a part. */
export function parseMeminfo(text: string, onSkipped: OnSkipped = ignoreSkipped, kept?: KeptLines): NameValue[] {
  const entries = parseNameValues(text, onSkipped, kept);
  const totals = new Map<string, NameValue>();
  for (const entry of entries) {
    if (TOTALS.has(entry.name)) {
      totals.set(entry.name, entry);
    }
  }
  return entries.filter(({ name, value, unit }) => {
    const totalName = TOTAL_OF.get(name);
    const total = totalName === undefined ? undefined : totals.get(totalName);
    if (total === undefined || total.unit !== unit || Number(value) <= Number(total.value)) {
      return true;
    }
    onSkipped(`${name}: ${value}`, `at most ${total.name}, which is ${total.value}`);
    return false;
  });
}
