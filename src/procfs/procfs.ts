/**
 * Where a /proc is, and how a file of it is read. Used by every reader of this room; parsers never touch it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProcfsError } from './procfs-error.ts';

export interface Procfs {
  /** Directory that looks like /proc. */
  readonly root: string;
}

/** A process by its number, or the one that asks. */
export type Pid = number | 'self';

export function createProcfs(root = '/proc'): Procfs {
  return { root };
}

/** ENOENT: no such file or process. ESRCH: the process ended between open and read. */
const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ESRCH']);

/**
 * The whole file as text, undefined when the file or its process is not there. Throws a ProcfsError `unreadable` for
 * anything else, such as EACCES. Reads at once and synchronously: these files are made in memory, and a trip to the
 * thread pool costs several times the read.
 */
export function readText({ root }: Procfs, path: string): string | undefined {
  return attempt(join(root, path), (absolute) => readFileSync(absolute, 'utf8'));
}

/** Number of entries of a directory. The same rules. */
export function countEntries({ root }: Procfs, path: string): number | undefined {
  return attempt(join(root, path), (absolute) => readdirSync(absolute).length);
}

function attempt<T>(path: string, read: (path: string) => T): T | undefined {
  try {
    return read(path);
  } catch (error) {
    if (GONE.has((error as NodeJS.ErrnoException).code)) {
      return undefined;
    }
    throw new ProcfsError('unreadable', `Cannot read "${path}": ${(error as Error).message}`, { cause: error });
  }
}
