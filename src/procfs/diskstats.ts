/**
 * /proc/diskstats: what was read from and written to each disk and partition. Collectors read it.
 */
import { toColumns, toWords } from './columns.ts';
import { nonEmptyLines } from './name-value.ts';
import { isUnsigned } from './number-text.ts';
import { malformed } from './procfs-error.ts';
import { DEVICE_LIST_BYTES, type Procfs, readText } from './read.ts';

/** Fields 4 to 20. Times are in milliseconds, sectors of 512 bytes. */
const diskColumns = [
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
  // Since Linux 4.18.
  'discards',
  'discards_merged',
  'sectors_discarded',
  'time_discarding',
  // Since Linux 5.5.
  'flushes',
  'time_flushing',
] as const;

export type DiskColumn = (typeof diskColumns)[number];

/** Columns that every kernel since 2.6.25 has. */
const MIN_COLUMNS = 11;

export interface DiskStats {
  readonly major: string;
  readonly minor: string;
  readonly name: string;
  /**
   * As digits; later columns are missing on old kernels, further ones of newer kernels are left out. Old kernels could
   * lose count of `in_progress`, which is negative then.
   */
  readonly fields: Readonly<Partial<Record<DiskColumn, string>>>;
}

/**
 * Reads /proc/diskstats, see proc_diskstats(5) and Documentation/admin-guide/iostats.rst of the kernel: requests,
 * sectors of 512 bytes, milliseconds. Undefined when it is not there.
 * @throws {ProcfsError}
 */
export async function readDiskstats(procfs: Procfs): Promise<DiskStats[] | undefined> {
  const text = await readText(procfs, ['diskstats'], DEVICE_LIST_BYTES);
  return text === undefined ? undefined : parseDiskstats(text);
}

/** @throws {ProcfsError} `malformed` */
export function parseDiskstats(text: string): DiskStats[] {
  return nonEmptyLines(text).map((line) => {
    const [major, minor, name = '', ...values] = toWords(line);
    const fields = toColumns(diskColumns, values, { minColumns: MIN_COLUMNS, signed: 'in_progress' });
    if (fields === undefined || !isUnsigned(major) || !isUnsigned(minor)) {
      throw malformed('diskstats', `two numbers, a name and at least ${MIN_COLUMNS} counters`, line);
    }
    return { major, minor, name, fields };
  });
}
