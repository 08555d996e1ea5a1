/**
 * Distinguishes states of a file without reading it.
 */
import { statSync } from 'node:fs';

/** Differs when the file was written, replaced, removed or, behind a link, exchanged, and while it cannot be found. Never throws. */
export function signatureOf(path: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
    return stats === undefined ? 'none' : `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
  } catch (error) {
    // Such as a loop of links, or a file in the place of a directory.
    return `fault ${(error as NodeJS.ErrnoException).code}`;
  }
}
