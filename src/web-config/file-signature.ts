/**
 * What tells one state of a file from the next without reading it.
 */
import { statSync } from 'node:fs';

/** Differs when the file was written, replaced, removed or, behind a link, exchanged. */
export function signatureOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? 'none' : `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}
