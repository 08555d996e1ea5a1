/**
 * The one error type of this room.
 */

/** `not_found` is only thrown where a reader cannot return undefined instead. */
export type ProcfsErrorCode = 'malformed' | 'not_found' | 'unreadable';

export class ProcfsError extends Error {
  override readonly name = 'ProcfsError';
  readonly code: ProcfsErrorCode;

  constructor(code: ProcfsErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
