/**
 * /proc/meminfo.
 */
import { type NameValue, parseNameValues } from './name-value.ts';
import { type Procfs, readText } from './read.ts';

/** Reads /proc/meminfo, see proc_meminfo(5): every line, in the kernel's order. @throws {ProcfsError} */
export async function readMeminfo(procfs: Procfs): Promise<NameValue[] | undefined> {
  const text = await readText(procfs, 'meminfo');
  return text === undefined ? undefined : parseMeminfo(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseMeminfo(text: string): NameValue[] {
  return parseNameValues('meminfo', text);
}
