/**
 * /proc/<pid>/io. See proc_pid_io(5).
 */
import { type Entry, parseEntries } from './entries.ts';
import { type Pid, type Procfs, readText } from './procfs.ts';

export async function readProcessIo(fs: Procfs, pid: Pid): Promise<readonly Entry[] | undefined> {
  const text = readText(fs, `${pid}/io`);
  return text === undefined ? undefined : parseEntries(text);
}
