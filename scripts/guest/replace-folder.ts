/**
 * Puts a finished folder into its place, where another process may put the same one at the same moment. Called by the guest's build:
 * tests build the guest where there is none, and two of them run at a time.
 */
import { mkdtempSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A program that opens a file in `path` meanwhile finds the old one, for a moment none, or the new one; never a mixture. What is
 * replaced goes into `scratchPath`, which is on the same file system. `isEqual`: whether what is in `path` is what the new folder
 * has; then it stays, because programs may use it already.
 * @throws {Error} the system error.
 */
export async function replaceFolder(
  newPath: string,
  path: string,
  { scratchPath, isEqual }: { readonly scratchPath: string; readonly isEqual: () => Promise<boolean> },
): Promise<void> {
  while (!isMoved(newPath, path, ['EEXIST', 'ENOTEMPTY'])) {
    if (await isEqual()) {
      return;
    }
    // Without effect if it is gone by now.
    isMoved(path, join(mkdtempSync(join(scratchPath, 'old-')), 'folder'), ['ENOENT']);
  }
}

/** False when it fails for one of these reasons. */
function isMoved(path: string, newPath: string, reasons: readonly string[]): boolean {
  try {
    renameSync(path, newPath);
    return true;
  } catch (error) {
    if (reasons.includes((error as NodeJS.ErrnoException).code ?? '')) {
      return false;
    }
    throw error;
  }
}
