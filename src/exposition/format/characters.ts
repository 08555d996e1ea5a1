/**
 * Bytes with a meaning in the format, a table of the classes of each byte, and tests of bytes. A function may read one
 * byte beyond the end, which is undefined and belongs to no class.
 */

export const NUL = 0;
export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const QUOTE = 34;
export const HASH = 35;
export const PLUS = 43;
export const COMMA = 44;
export const MINUS = 45;
export const DOT = 46;
export const COLON = 58;
export const EQUALS = 61;
export const BACKSLASH = 92;
export const BRACE_OPEN = 123;
export const BRACE_CLOSE = 125;
export const LETTER_N = 110;

/** Bits of `byteClass`. */
export const LABEL_START = 1;
export const LABEL_PART = 2;
export const NAME_START = 4;
export const NAME_PART = 8;
export const DIGIT = 16;
/** Needs handling inside a label value: quote, backslash, line feed, NUL. */
export const VALUE_STOP = 32;

/** The classes of each byte. Label and metric names are ASCII in the text format 0.0.4. */
export const byteClass: Uint8Array = makeByteClass();

function makeByteClass(): Uint8Array {
  const table = new Uint8Array(256);
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_';
  for (const letter of letters) {
    table[letter.charCodeAt(0)] = LABEL_START | LABEL_PART | NAME_START | NAME_PART;
  }
  for (const digit of '0123456789') {
    table[digit.charCodeAt(0)] = LABEL_PART | NAME_PART | DIGIT;
  }
  table[COLON] = NAME_START | NAME_PART;
  for (const stop of [QUOTE, BACKSLASH, LF, NUL]) {
    table[stop] = VALUE_STOP;
  }
  return table;
}

/** Space or tab. */
export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/** True at LF, at CR LF, and at the end of the body. */
export function isLineEnd(bytes: Uint8Array, at: number): boolean {
  const c = bytes[at];
  return c === LF || c === undefined || (c === CR && (bytes[at + 1] === LF || at + 1 === bytes.length));
}

/** The offset of the first byte from `from` on that is no blank. */
export function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isBlank(bytes[at])) {
    at++;
  }
  return at;
}

/** Returns the end of the word at `from`: a blank, a line end, or NUL. */
export function skipToken(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const c = bytes[at];
    if (c === undefined || c === LF || c === SPACE || c === TAB || c === CR || c === NUL) {
      return at;
    }
    at++;
  }
}

/** Whether `a` from `start` to `end` is what `b` holds from `bStart`. */
export function isSameBytes(a: Uint8Array, start: number, end: number, b: Uint8Array, bStart: number): boolean {
  for (let i = start, j = bStart; i < end; i++, j++) {
    if (a[i] !== b[j]) {
      return false;
    }
  }
  return true;
}
