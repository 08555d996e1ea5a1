/**
 * /proc/diskstats: what was read from and written to each disk and partition. Collectors read it.
 */
import { toColumns, toWords } from './columns.ts';
import { forgetLines, isBlank, type KeptLines, noKeptLines, parseLines } from './kept-lines.ts';
import { isCount } from './number-text.ts';
import { DEVICE_LIST_BYTES, type Procfs, readParsed } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

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

/** The kernel's names have at most 31 bytes; one that is not UTF-8 is written with four characters. */
const MAX_NAME_CHARS = 128;

export interface DiskStats {
  readonly major: string;
  readonly minor: string;
  readonly name: string;
  /**
   * Values as digits. Columns that the kernel does not have are missing; further columns of newer kernels are omitted.
   * Old kernels could lose count of `in_progress`: a value below zero is absent.
   */
  readonly fields: Readonly<Partial<Record<DiskColumn, string>>>;
}

/**
 * Reads /proc/diskstats, see proc_diskstats(5) and Documentation/admin-guide/iostats.rst of the kernel: requests,
 * sectors of 512 bytes, milliseconds. Undefined when it is not there.
 */
export function readDiskstats(procfs: Procfs): DiskStats[] | undefined {
  return readParsed(procfs, ['diskstats'], DEVICE_LIST_BYTES, parseDiskstats);
}

/** Skips lines of another form, and disks that were there before. */
export function parseDiskstats(
  text: string,
  onSkipped: OnSkipped = ignoreSkipped,
  kept: KeptLines = noKeptLines(),
): DiskStats[] {
  const disks = new Map<string, DiskStats>();
  let isOdd = false;
  const skip: OnSkipped = (line, expected) => {
    isOdd = true;
    onSkipped(line, expected);
  };
  const values = parseLines<DiskStats>(text, kept, (line) => (isBlank(line) ? undefined : parseLine(line, skip)));
  for (let i = 0; i < values.length; i++) {
    const disk = values[i];
    if (disk !== undefined && !disks.has(disk.name)) {
      disks.set(disk.name, disk);
    } else if (!isBlank(kept.lines[i]!)) {
      skip(kept.lines[i]!, `two numbers, a name, once, and at least ${MIN_COLUMNS} counters`);
    }
  }
  if (isOdd) {
    forgetLines(kept);
  }
  return [...disks.values()];
}

function parseLine(line: string, onSkipped: OnSkipped): DiskStats | undefined {
  const [major, minor, name = '', ...values] = toWords(line);
  const columns = toColumns(diskColumns, values, { minColumns: MIN_COLUMNS, is32Bit: isInProgress });
  if (columns === undefined || !isCount(major) || !isCount(minor) || name.length > MAX_NAME_CHARS) {
    return undefined;
  }
  if (columns.isPartial) {
    onSkipped(line, 'counters that are not below zero');
  }
  return { major, minor, name, fields: columns.fields };
}

function isInProgress(column: DiskColumn): boolean {
  return column === 'in_progress';
}
