/**
 * /proc/vmstat.
 */
import { type NameValue, parseNameValues } from './name-value.ts';
import { type Procfs, readText } from './read.ts';

/** Reads /proc/vmstat, see proc_vmstat(5): every line, in the kernel's order. @throws {ProcfsError} */
export async function readVmstat(procfs: Procfs): Promise<NameValue[] | undefined> {
  const text = await readText(procfs, 'vmstat');
  return text === undefined ? undefined : parseVmstat(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseVmstat(text: string): NameValue[] {
  return parseNameValues('vmstat', text);
}
