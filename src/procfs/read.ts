/**
 * Reads files below the root of a proc file system or of a cgroup. Every reader of this module goes through here; what is
 * read is parsed elsewhere. No reader rejects for what a file is: one that cannot be read is recorded and `undefined`, so
 * that it costs only its own values.
 */
import { closeSync, opendirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { decodeNames } from './decode-names.ts';
import { ignoreSkipped, type OnSkipped, type SkippedRecord } from './skipped.ts';

/** A mounted proc file system, a cgroup, or a tree of files that looks like one. */
export interface Procfs {
  /** Where it is: `/proc`. */
  readonly root: string;
  /** Gets what cannot be read. Default: nothing is recorded. */
  readonly skipped?: SkippedRecord | undefined;
}

/** A process of a proc file system: its number, or the one that reads. */
export type Pid = number | 'self';

export function createProcfs(root = '/proc', skipped?: SkippedRecord): Procfs {
  return skipped === undefined ? { root } : { root, skipped };
}

/** Limit of files that the kernel makes in one page: a line or two, or a table of fixed length. */
export const ONE_PAGE_BYTES = 4096;

/**
 * Limit of files with a line for each CPU, disk or interface. 8,192 CPUs, the most that Linux can be built for, need
 * 2 MiB of /proc/stat; ten thousand disks or interfaces less.
 */
export const DEVICE_LIST_BYTES = 4 * 1024 * 1024;

/** Most files of /proc fit; the size that stat(2) gives there is always 0. */
const FIRST_READ_BYTES = 16 * 1024;

/** Read into by every call and left before it returns; reads are synchronous, so there is only ever one. */
const scratch = Buffer.allocUnsafeSlow(FIRST_READ_BYTES);

/** Batches in which a directory is read. */
const NAMES_AT_ONCE = 256;

/**
 * The file or its process is not there. ESRCH comes when a process ends while its file is read; EINVAL for the mounts
 * and ENXIO for the network of one that has ended, or is just ending; ENODEV when a cgroup is removed while its file is
 * read; ENOTSUP for a file of a cgroup that this kernel has and does not fill.
 */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ESRCH', 'EINVAL', 'ENXIO', 'ENODEV', 'ENOTSUP']);

/** Makes something of a text, and calls `onSkipped` for each line that it cannot use. */
export type Parser<I, T> = (input: I, onSkipped: OnSkipped) => T;

/**
 * The bytes of a file, parsed; undefined when it, or the process it speaks of, is not there or cannot be read. Of a file
 * that is longer than `maxBytes`, the lines that fit. Read at once and synchronously: these files are made in memory when
 * they are read, and a trip to the thread pool costs several times the read (4 µs for a file of one line).
 */
export async function readParsedBytes<T>(
  procfs: Procfs,
  path: readonly string[],
  maxBytes: number,
  parse: Parser<Buffer, T>,
): Promise<T | undefined> {
  return readFile(procfs, path, maxBytes, parse);
}

/** As `readParsedBytes`, as text. Bytes that are not UTF-8 come as `\xff`. */
export async function readParsed<T>(
  procfs: Procfs,
  path: readonly string[],
  maxBytes: number,
  parse: Parser<string, T>,
): Promise<T | undefined> {
  return readFile(procfs, path, maxBytes, (bytes, onSkipped) => parse(decodeNames(bytes), onSkipped));
}

/** As `readParsed`, of a process. An empty file is one of a process that has just ended. */
export async function readParsedOfProcess<T>(
  procfs: Procfs,
  pid: Pid,
  name: string,
  maxBytes: number,
  parse: Parser<string, T>,
): Promise<T | undefined> {
  return readParsed(procfs, [String(pid), name], maxBytes, (text, onSkipped) =>
    text === '' ? undefined : parse(text, onSkipped),
  );
}

/** How many entries a directory has; undefined when it is not there, cannot be read, or has more than `maxEntries`. */
export async function countEntries(
  procfs: Procfs,
  path: readonly string[],
  maxEntries: number,
): Promise<number | undefined> {
  let count = 0;
  const isThere = walkEntries(procfs, path, maxEntries, () => {
    count += 1;
  });
  return isThere ? count : undefined;
}

/** The names in a directory, in no order; undefined when it is not there, cannot be read, or has more than `maxEntries`. */
export async function readNames(
  procfs: Procfs,
  path: readonly string[],
  maxEntries: number,
): Promise<string[] | undefined> {
  const names: string[] = [];
  return walkEntries(procfs, path, maxEntries, (name) => names.push(name)) ? names : undefined;
}

/** False when the directory is not there, or not all of it can be read. */
function walkEntries(
  { root, skipped }: Procfs,
  path: readonly string[],
  maxEntries: number,
  onName: (name: string) => void,
): boolean {
  const name = join(root, ...path);
  const isWalked = unlessAbsent(name, labelFile(path), skipped, () => {
    const directory = opendirSync(name, { bufferSize: NAMES_AT_ONCE });
    try {
      let count = 0;
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        count += 1;
        if (count > maxEntries) {
          throw new RangeError(`more than ${maxEntries} entries`);
        }
        onName(entry.name);
      }
      return true;
    } finally {
      directory.closeSync();
    }
  });
  return isWalked ?? false;
}

const LINE_FEED = 10;

/** What the parser is given is only valid until it returns: the memory is used again. */
function readFile<T>(
  { root, skipped }: Procfs,
  path: readonly string[],
  maxBytes: number,
  parse: Parser<Buffer, T>,
): T | undefined {
  const file = join(root, ...path);
  const label = labelFile(path);
  const onSkipped: OnSkipped =
    skipped === undefined ? ignoreSkipped : (line, expected) => skipped.skippedLine(label, line, expected);
  const bytes = unlessAbsent(file, label, skipped, () => {
    const descriptor = openSync(file, 'r');
    try {
      return readToEnd(descriptor, maxBytes);
    } finally {
      closeSync(descriptor);
    }
  });
  if (bytes === undefined || bytes.length <= maxBytes) {
    return bytes && parse(bytes, onSkipped);
  }
  onSkipped('', `at most ${maxBytes} bytes`);
  // The last line may go on: a number of it would be a wrong one.
  return parse(bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1), onSkipped);
}

/**
 * All of an open file, or one byte more than `maxBytes`; valid until the next call.
 * @throws the errors of read(2).
 */
export function readToEnd(descriptor: number, maxBytes: number): Buffer {
  let buffer = scratch;
  for (let length = 0; ; ) {
    const bytesRead = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += bytesRead;
    if (bytesRead === 0 || length > maxBytes) {
      return buffer.subarray(0, Math.min(length, maxBytes + 1));
    }
    if (length === buffer.length) {
      // One byte more than the limit shows that it is crossed.
      buffer = Buffer.concat([buffer], Math.min(2 * length, maxBytes + 1));
    }
  }
}

/** Runs a read of `path`; what is not there becomes undefined, and what cannot be read too and is recorded. */
export function unlessAbsent<T>(
  path: string,
  label: string,
  skipped: SkippedRecord | undefined,
  read: () => T,
): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!ABSENT.has(code)) {
      skipped?.unreadable(label, `Cannot read "${path}": ${message}`);
    }
    return undefined;
  }
}

/** Which file it is, without the numbers of processes. */
function labelFile([first = '', ...rest]: readonly string[]): string {
  return [/^\d+$/.test(first) ? 'pid' : first, ...rest].join('/');
}
