/**
 * Reads a file that an administrator has written, such as a configuration.
 */
import { readFileSync, statSync } from 'node:fs';

/**
 * Returns the text.
 * @throws {Error} the system error, or for a file over `maxBytes`, or for a pipe or a device, which could be waited for without end
 */
export function readPlainFile(path: string, maxBytes: number): string {
  const stats = statSync(path);
  if (!stats.isFile()) {
    throw new TypeError(`"${path}" must be a plain file`);
  }
  if (stats.size > maxBytes) {
    throw new RangeError(`"${path}" must have at most ${maxBytes} bytes, got ${stats.size}`);
  }
  return readFileSync(path, 'utf8');
}
