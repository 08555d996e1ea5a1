/**
 * /proc/vmstat: the counters of the memory management. Collectors read it.
 */
import type { KeptLines } from './kept-lines.ts';
import { type NameValue, parseNameValues } from './name-value.ts';
import { type Procfs, readParsed } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/** Limit: kernels have at most some 200 lines of 40 bytes, and add a few each year. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads /proc/vmstat, see proc_vmstat(5): every line, in the kernel's order; pages and events. Undefined when it is
 * not there.
 */
export function readVmstat(procfs: Procfs): NameValue[] | undefined {
  return readParsed(procfs, ['vmstat'], MAX_BYTES, parseVmstat);
}

/** Skips lines that are no name and number. */
export function parseVmstat(text: string, onSkipped: OnSkipped = ignoreSkipped, kept?: KeptLines): NameValue[] {
  return parseNameValues(text, onSkipped, kept);
}
