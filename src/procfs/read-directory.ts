/**
 * Reads directories below the root of a proc file system or of a cgroup, as `read.ts` reads files. No function throws because
 * of a directory: if it cannot be read, the failure is recorded and the result is `undefined`.
 */
import { closeSync, fstatSync, opendirSync, openSync, statfsSync } from 'node:fs';
import { fileOf, type Procfs, unlessAbsent } from './read.ts';

/** Number of names that one read of a directory returns. */
const NAMES_AT_ONCE = 256;

/** PROC_SUPER_MAGIC of statfs(2). */
const PROC_MAGIC = 0x9fa0;

const isProcByRoot = new Map<string, boolean>();

/**
 * Returns the number of open descriptors, from the size of the directory `fd` of a process, which is their number since
 * Linux 6.2: a tenth of the cost of reading the names. Undefined on older kernels, outside of a proc file system, and without
 * permission to read the directory.
 */
export function countDescriptors({ root }: Procfs, path: readonly string[]): number | undefined {
  const directory = fileOf(root, path);
  try {
    let isProc = isProcByRoot.get(root);
    if (isProc === undefined) {
      isProc = statfsSync(root).type === PROC_MAGIC;
      isProcByRoot.set(root, isProc);
    }
    if (!isProc) {
      return undefined;
    }
    // The directory is opened because stat(2) alone returns the size without permission to read, too.
    const descriptor = openSync(directory, 'r');
    try {
      const { size } = fstatSync(descriptor);
      return size > 0 ? size : undefined;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** Number of entries of a directory; undefined if it does not exist, cannot be read, or has more than `maxEntries`. */
export function countEntries(procfs: Procfs, path: readonly string[], maxEntries: number): number | undefined {
  let count = 0;
  const isThere = walkEntries(procfs, path, maxEntries, () => {
    count += 1;
  });
  return isThere ? count : undefined;
}

/** Names in a directory, unsorted; undefined if it does not exist, cannot be read, or has more than `maxEntries`. */
export function readNames(procfs: Procfs, path: readonly string[], maxEntries: number): string[] | undefined {
  const names: string[] = [];
  return walkEntries(procfs, path, maxEntries, (name) => names.push(name)) ? names : undefined;
}

/** Returns false if the directory does not exist or cannot be read completely. */
function walkEntries(
  { root, skipped }: Procfs,
  path: readonly string[],
  maxEntries: number,
  onName: (name: string) => void,
): boolean {
  const name = fileOf(root, path);
  const isWalked = unlessAbsent(name, path, skipped, () => {
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
