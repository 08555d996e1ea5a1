/**
 * The one error of this room, and how the errors of reading become it or an absence.
 */

/**
 * `malformed`: the text is not what the kernel writes. `too_large`: longer than the bound of its reader. `unreadable`:
 * it is there and may not be read, or reading failed. What is not there is no error but `undefined`.
 */
export type ProcfsErrorCode = 'malformed' | 'too_large' | 'unreadable';

export class ProcfsError extends Error {
  override readonly name = 'ProcfsError';
  readonly code: ProcfsErrorCode;

  constructor(code: ProcfsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Longest piece of foreign text that a message quotes. */
const MAX_QUOTED_CHARACTERS = 80;

/** For a parser: what it was reading, what should have been there, and the text that was. A long text is cut, and says so. */
export function malformed(what: string, expected: string, text: string): ProcfsError {
  const quoted = JSON.stringify(text.slice(0, MAX_QUOTED_CHARACTERS));
  const rest = text.length - MAX_QUOTED_CHARACTERS;
  const cut = rest > 0 ? ` and ${rest} more characters` : '';
  return new ProcfsError('malformed', `Cannot parse ${what}: expected ${expected}, got ${quoted}${cut}`);
}
