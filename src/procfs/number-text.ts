/**
 * Numbers that stay text, because 64 bits do not fit a JavaScript number. The parsers of this module call it to see
 * whether a field is one. Pure.
 */

/** A number of any length, perhaps with a sign: whether it is a value is decided by `isCount`. */
export function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^-?\d+$/.test(text);
}

/**
 * 2^63 - 1. What is above has wrapped below zero: the kernel subtracts from counters of 64 bits without a sign, and no
 * count, time or size of a machine comes near.
 */
const MAX_COUNT = '9223372036854775807';

/** Whether a text is a count: digits, neither negative nor wrapped below zero. */
export function isCount(text: string | undefined): text is string {
  if (text === undefined || !/^\d{1,20}$/.test(text)) {
    return false;
  }
  if (text.length < MAX_COUNT.length) {
    return true;
  }
  // As text: digits of equal length compare as their numbers do.
  return text.padStart(20, '0') <= MAX_COUNT.padStart(20, '0');
}

/** The same of a number that the kernel keeps in 32 bits. */
export function isCount32(text: string | undefined): text is string {
  return isCount(text) && Number(text) < 2 ** 31;
}
