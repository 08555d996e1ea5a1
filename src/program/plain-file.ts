/**
 * Reads a file that an administrator has written, such as a configuration. A pipe or a device could be waited for without end.
 */
import { readFileSync, statSync } from 'node:fs';

/** A file that is there and is not read. */
export class PlainFileError extends Error {
  override readonly name = 'PlainFileError';
  /** Size of a file over the limit, in bytes; undefined for a pipe, a device or a directory. */
  readonly sizeBytes: number | undefined;

  constructor(message: string, sizeBytes?: number) {
    super(message);
    this.sizeBytes = sizeBytes;
  }
}

/**
 * `subject`: names the file in messages. Default: its path in quotes.
 * @throws {PlainFileError} for a file over `maxBytes` and for what is no plain file, or the system error
 */
export function readPlainBytes(path: string, maxBytes: number, subject = `"${path}"`): Buffer {
  const stats = statSync(path);
  if (!stats.isFile()) {
    throw new PlainFileError(`${subject} must be a plain file`);
  }
  if (stats.size > maxBytes) {
    throw new PlainFileError(`${subject} must have at most ${maxBytes} bytes, got ${stats.size}`, stats.size);
  }
  return readFileSync(path);
}

/** The same as text. @throws {PlainFileError} likewise, or the system error */
export function readPlainFile(path: string, maxBytes: number, subject?: string): string {
  return readPlainBytes(path, maxBytes, subject).toString('utf8');
}
