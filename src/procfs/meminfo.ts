/**
 * /proc/meminfo: what the memory is used for. Collectors read it.
 */
import { type NameValue, parseNameValues } from './name-value.ts';
import { type Procfs, readText } from './read.ts';

/** Bound: kernels have at most some 200 lines of 40 bytes, and add a few each year. */
const MAX_BYTES = 64 * 1024;

/**
 * Reads /proc/meminfo, see proc_meminfo(5): every line, in the kernel's order; KiB where the unit is `kB`, else pages of the huge kind. Undefined when it is
 * not there.
 * @throws {ProcfsError}
 */
export async function readMeminfo(procfs: Procfs): Promise<NameValue[] | undefined> {
  const text = await readText(procfs, ['meminfo'], MAX_BYTES);
  return text === undefined ? undefined : parseMeminfo(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseMeminfo(text: string): NameValue[] {
  return parseNameValues('meminfo', text);
}
