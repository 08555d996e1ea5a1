/**
 * Small questions about bytes that scanner and comment parser share. Every reader here may look one byte behind the end:
 * there is none, and none is what they say.
 */
import { CR, LF, NUL, SPACE, TAB } from './characters.ts';

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

/** Where the word at `from` ends: at a blank, a line's end, or NUL. */
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
