/**
 * /proc/diskstats. See Documentation/admin-guide/iostats.rst of the kernel.
 */
import { type Procfs, readText } from './procfs.ts';

/** Columns behind the name: 11 at first, 15 since 4.18, 17 since 5.5. */
const FIELDS = [
  'reads',
  'merged',
  'sectors_read',
  'time_reading',
  'writes',
  'writes_merged',
  'sectors_written',
  'time_writing',
  'in_progress',
  'time_in_progress',
  'weighted_time_in_progress',
  'discards',
  'discards_merged',
  'sectors_discarded',
  'time_discarding',
  'flushes',
  'time_flushing',
] as const;

export interface DiskStats {
  readonly name: string;
  /** Digits; only the columns that the kernel has. */
  readonly fields: Readonly<Partial<Record<(typeof FIELDS)[number], string>>>;
}

export async function readDiskstats(fs: Procfs): Promise<readonly DiskStats[] | undefined> {
  const text = readText(fs, 'diskstats');
  return text === undefined ? undefined : parseDiskstats(text);
}

export function parseDiskstats(text: string): DiskStats[] {
  return Array.from(text.matchAll(/^ *\d+ +\d+ (\S+) ([\d ]+)$/gm), ([, name = '', columns = '']) => {
    const values = columns.trim().split(/ +/);
    return { name, fields: Object.fromEntries(FIELDS.slice(0, values.length).map((field, at) => [field, values[at]])) };
  });
}
