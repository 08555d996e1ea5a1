/**
 * Reads files below the root of a proc file system. Every reader of this room goes through here; what is read is parsed
 * elsewhere.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
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

/**
 * Longest file that is read. The largest here grow with what the machine has: 64 KiB of /proc/stat for 512 CPUs, 100
 * bytes for each disk, mount and interface; ten thousand of those are a megabyte.
 */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** First read: most files of /proc fit, and sizes that stat(2) gives there are 0. */
const FIRST_READ_BYTES = 16 * 1024;

/**
 * The file or its process is not there. Of a process that ends meanwhile, ESRCH comes when its file is read; one that
 * has ended and is not waited for has no mounts any more (EINVAL), and its network may be going (ENXIO).
 */
const ABSENT: ReadonlySet<string> = new Set(['EINVAL', 'ENOENT', 'ENOTDIR', 'ENXIO', 'ESRCH']);

/**
 * The whole file; undefined when it, or the process it speaks of, is not there. Read at once and synchronously: these
 * files are made in memory when they are read, and a trip to the thread pool costs several times the read.
 * @throws {ProcfsError} `unreadable` or `too_large`
 */
export async function readBytes({ root }: Procfs, ...path: readonly string[]): Promise<Buffer | undefined> {
  const file = join(root, ...path);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    return readToEnd(descriptor, file);
  } catch (error) {
    return toAbsence(error, file);
  } finally {
    if (descriptor !== undefined) {
      closeSync(descriptor);
    }
  }
}

function readToEnd(descriptor: number, file: string): Buffer {
  let buffer = Buffer.allocUnsafe(FIRST_READ_BYTES);
  for (let length = 0; ; ) {
    const bytesRead = readSync(descriptor, buffer, length, buffer.length - length, length);
    if (bytesRead === 0) {
      return buffer.subarray(0, length);
    }
    length += bytesRead;
    if (length > MAX_FILE_BYTES) {
      throw new ProcfsError('too_large', `Cannot read "${file}": more than ${MAX_FILE_BYTES} bytes`);
    }
    if (length === buffer.length) {
      // One byte more than the bound shows that it is crossed.
      buffer = Buffer.concat([buffer], Math.min(2 * buffer.length, MAX_FILE_BYTES + 1));
    }
  }
}

/** As `readBytes`, as text. Names that are not UTF-8 come with replacement characters. */
export async function readText(procfs: Procfs, ...path: readonly string[]): Promise<string | undefined> {
  return (await readBytes(procfs, ...path))?.toString('utf8');
}

/** Names in a directory; undefined when it, or the process it speaks of, is not there. @throws {ProcfsError} `unreadable` */
export async function readNames({ root }: Procfs, ...path: readonly string[]): Promise<string[] | undefined> {
  const directory = join(root, ...path);
  try {
    return readdirSync(directory);
  } catch (error) {
    return toAbsence(error, directory);
  }
}

function toAbsence(error: unknown, path: string): undefined {
  if (error instanceof ProcfsError) {
    throw error;
  }
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (ABSENT.has(code)) {
    return undefined;
  }
  throw new ProcfsError('unreadable', `Cannot read "${path}": ${message}`, { cause: error });
}
