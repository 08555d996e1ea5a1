/**
 * /proc/<pid>/status. See proc_pid_status(5).
 */
import { type Entry, parseEntries } from './entries.ts';
import { type Pid, type Procfs, readText } from './procfs.ts';

export type ProcessStatusEntry = Entry;

/** Only the lines with one figure. */
export async function readProcessStatus(fs: Procfs, pid: Pid): Promise<readonly ProcessStatusEntry[] | undefined> {
  const text = readText(fs, `${pid}/status`);
  return text === undefined ? undefined : parseEntries(text);
}
