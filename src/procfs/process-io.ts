/**
 * /proc/<pid>/io: what a process has read and written. Collectors read it.
 */
import type { KeptLines } from './kept-lines.ts';
import { type NameValue, parseNameValues } from './name-value.ts';
import { ONE_PAGE_BYTES, type Pid, type Procfs, readParsedOfProcess } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/**
 * Reads /proc/<pid>/io, see proc_pid_io(5): bytes (`rchar`, `wchar`, `…_bytes`) and calls (`syscr`, `syscw`) since the
 * process began, of all its threads. Undefined when the process is not there or is another user's, or the kernel keeps no
 * such accounts.
 */
export function readProcessIo(procfs: Procfs, pid: Pid): NameValue[] | undefined {
  return readParsedOfProcess(procfs, pid, 'io', ONE_PAGE_BYTES, parseProcessIo);
}

/** Skips lines that are no name and number. */
export function parseProcessIo(text: string, onSkipped: OnSkipped = ignoreSkipped, kept?: KeptLines): NameValue[] {
  return parseNameValues(text, onSkipped, kept);
}
