/**
 * Reads files below the root of a proc file system. Every reader of this room goes through here; what is read is parsed
 * elsewhere.
 */
import { closeSync, opendirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { ProcfsError } from './procfs-error.ts';

/** A mounted proc file system, or a tree of files that looks like one. */
export interface Procfs {
  /** Where it is: `/proc`. */
  readonly root: string;
}

/** A process of a proc file system: its number, or the one that reads. */
export type Pid = number | 'self';

export function createProcfs(root = '/proc'): Procfs {
  return { root };
}

/** Bound of files that the kernel makes in one page: a line or two, or a table of fixed length. */
export const ONE_PAGE_BYTES = 4096;

/**
 * Bound of files with a line for each CPU, disk or interface. 8,192 CPUs, the most that Linux can be built for, need
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

/**
 * The whole file; undefined when it, or the process it speaks of, is not there. Read at once and synchronously: these
 * files are made in memory when they are read, and a trip to the thread pool costs several times the read (4 µs for a
 * file of one line).
 * @throws {ProcfsError} `unreadable`, or `too_large` when it is longer than `maxBytes`
 */
export async function readBytes(
  procfs: Procfs,
  path: readonly string[],
  maxBytes: number,
): Promise<Buffer | undefined> {
  return readFile(procfs, path, maxBytes, (bytes) => Buffer.from(bytes));
}

/** As `readBytes`, as text. What is not UTF-8 comes as replacement characters. */
export async function readText(procfs: Procfs, path: readonly string[], maxBytes: number): Promise<string | undefined> {
  return readFile(procfs, path, maxBytes, (bytes) => bytes.toString('utf8'));
}

/**
 * As `readText`, of a process. An empty file is one of a process that has just ended.
 * @throws {ProcfsError} `unreadable` or `too_large`
 */
export async function readProcessText(
  procfs: Procfs,
  pid: Pid,
  name: string,
  maxBytes: number,
): Promise<string | undefined> {
  const text = await readText(procfs, [String(pid), name], maxBytes);
  return text === '' ? undefined : text;
}

/**
 * How many entries a directory has; undefined when it, or the process it speaks of, is not there.
 * @throws {ProcfsError} `unreadable`, or `too_large` when there are more than `maxEntries`
 */
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

/**
 * The names in a directory, in no order; undefined when it is not there.
 * @throws {ProcfsError} `unreadable`, or `too_large` when there are more than `maxEntries`
 */
export async function readNames(
  procfs: Procfs,
  path: readonly string[],
  maxEntries: number,
): Promise<string[] | undefined> {
  const names: string[] = [];
  return walkEntries(procfs, path, maxEntries, (name) => names.push(name)) ? names : undefined;
}

/** False when the directory is not there. */
function walkEntries(
  { root }: Procfs,
  path: readonly string[],
  maxEntries: number,
  onName: (name: string) => void,
): boolean {
  const name = join(root, ...path);
  const isWalked = unlessAbsent(name, () => {
    const directory = opendirSync(name, { bufferSize: NAMES_AT_ONCE });
    try {
      let count = 0;
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        count += 1;
        if (count > maxEntries) {
          throw new ProcfsError('too_large', `Cannot count the entries of "${name}": more than ${maxEntries}`);
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

/** `take` makes of the bytes what is given back; they are used again afterwards. */
function readFile<T>(
  { root }: Procfs,
  path: readonly string[],
  maxBytes: number,
  take: (bytes: Buffer) => T,
): T | undefined {
  const file = join(root, ...path);
  return unlessAbsent(file, () => {
    const descriptor = openSync(file, 'r');
    try {
      return take(readToEnd(descriptor, file, maxBytes));
    } finally {
      closeSync(descriptor);
    }
  });
}

/** All of an open file; valid until the next call. Throws the errors of read(2) as they are. */
export function readToEnd(descriptor: number, file: string, maxBytes: number): Buffer {
  let buffer = scratch;
  for (let length = 0; ; ) {
    const bytesRead = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (bytesRead === 0) {
      return buffer.subarray(0, length);
    }
    length += bytesRead;
    if (length > maxBytes) {
      throw new ProcfsError('too_large', `Cannot read "${file}": more than ${maxBytes} bytes`);
    }
    if (length === buffer.length) {
      // One byte more than the bound shows that it is crossed.
      buffer = Buffer.concat([buffer], Math.min(2 * length, maxBytes + 1));
    }
  }
}

/** Runs a read of `path`; what is not there becomes undefined, and every other error of reading a ProcfsError. */
export function unlessAbsent<T>(path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProcfsError) {
      throw error;
    }
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (ABSENT.has(code)) {
      return undefined;
    }
    throw new ProcfsError('unreadable', `Cannot read "${path}": ${message}`, { cause: error });
  }
}
