/**
 * /proc/<pid>/io.
 */
import { type NameValue, parseNameValues } from './name-value.ts';
import { type Pid, type Procfs, readText } from './read.ts';

/** Reads /proc/<pid>/io, see proc_pid_io(5): bytes and calls since the process began. @throws {ProcfsError} */
export async function readProcessIo(procfs: Procfs, pid: Pid): Promise<NameValue[] | undefined> {
  const text = await readText(procfs, String(pid), 'io');
  // A process that ends while it is read can leave an empty file.
  return text === undefined || text === '' ? undefined : parseProcessIo(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseProcessIo(text: string): NameValue[] {
  return parseNameValues('process io', text);
}
