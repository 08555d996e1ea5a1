/**
 * /proc/vmstat. See proc_vmstat(5).
 */
import { type Entry, parseEntries } from './entries.ts';
import { type Procfs, readText } from './procfs.ts';

export async function readVmstat(fs: Procfs): Promise<readonly Entry[] | undefined> {
  const text = readText(fs, 'vmstat');
  return text === undefined ? undefined : parseEntries(text);
}
