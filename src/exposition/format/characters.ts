/**
 * Bytes that the format gives a meaning, and a table of what a byte may be part of.
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
/** Has to be looked at inside a label value: quote, backslash, line feed, NUL. */
export const VALUE_STOP = 32;

/** What each byte can be: label and metric names are ASCII in the text format 0.0.4. */
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
