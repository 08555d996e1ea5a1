/**
 * /proc/<pid>/io: what a process has read and written. Collectors read it.
 */
import { type NameValue, parseNameValues } from './name-value.ts';
import { ONE_PAGE_BYTES, type Pid, type Procfs, readProcessText } from './read.ts';

/**
 * Reads /proc/<pid>/io, see proc_pid_io(5): bytes (`rchar`, `wchar`, `…_bytes`) and calls (`syscr`, `syscw`) since the
 * process began, of all its threads. Undefined when the process is not there, or the kernel keeps no such accounts.
 * @throws {ProcfsError} `unreadable` for a process of another user
 */
export async function readProcessIo(procfs: Procfs, pid: Pid): Promise<NameValue[] | undefined> {
  const text = await readProcessText(procfs, pid, 'io', ONE_PAGE_BYTES);
  return text === undefined ? undefined : parseProcessIo(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseProcessIo(text: string): NameValue[] {
  return parseNameValues('process io', text);
}
