/**
 * /proc/meminfo. See proc_meminfo(5).
 */
import { type Entry, parseEntries } from './entries.ts';
import { type Procfs, readText } from './procfs.ts';

export async function readMeminfo(fs: Procfs): Promise<readonly Entry[] | undefined> {
  const text = readText(fs, 'meminfo');
  return text === undefined ? undefined : parseEntries(text);
}
