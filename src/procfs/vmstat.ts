/**
 * /proc/vmstat: what the memory management counts. Collectors read it.
 */
import { type NameValue, parseNameValues } from './name-value.ts';
import { type Procfs, readText } from './read.ts';

/** Bound: kernels have at most some 200 lines of 40 bytes, and add a few each year. */
const MAX_BYTES = 64 * 1024;

/**
 * Reads /proc/vmstat, see proc_vmstat(5): every line, in the kernel's order; pages and events. Undefined when it is
 * not there.
 * @throws {ProcfsError}
 */
export async function readVmstat(procfs: Procfs): Promise<NameValue[] | undefined> {
  const text = await readText(procfs, ['vmstat'], MAX_BYTES);
  return text === undefined ? undefined : parseVmstat(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseVmstat(text: string): NameValue[] {
  return parseNameValues('vmstat', text);
}
