/**
 * Numbers that remain text, because 64 bits do not fit into a JavaScript number. The parsers of this module use it to
 * check fields. Pure.
 */

const MINUS = 45;
const ZERO = 48;
const NINE = 57;

/** Whether there is nothing else from `start` on. No pattern: it is called for each of hundreds of numbers of a scrape. */
function areDigits(text: string, start: number): boolean {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) {
      return false;
    }
  }
  return true;
}

/** A number of any length, perhaps with a sign: whether it is a value is decided by `isCount`. */
export function isInteger(text: string | undefined): text is string {
  if (text === undefined) {
    return false;
  }
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  return text.length > start && areDigits(text, start);
}

/**
 * 2^63 - 1. What is above has wrapped below zero: the kernel subtracts from counters of 64 bits without a sign, and no
 * count, time or size of a machine comes near.
 */
const MAX_COUNT = '9223372036854775807';

/** Whether a text is a count: digits, neither negative nor wrapped below zero. */
export function isCount(text: string | undefined): text is string {
  return (
    text !== undefined && text.length > 0 && text.length <= MAX_DIGITS && areDigits(text, 0) && isCountOfDigits(text)
  );
}

/** The same of at most 20 digits, or of an integer. */
export function isCountOfDigits(digits: string): boolean {
  if (digits.length < MAX_COUNT.length || digits[0] === '-') {
    return digits[0] !== '-';
  }
  // As text: digits of equal length compare as their numbers do.
  return digits.length <= MAX_DIGITS && digits.padStart(MAX_DIGITS, '0') <= MAX_COUNT.padStart(MAX_DIGITS, '0');
}

/** Digits of the largest number with 64 bits. */
const MAX_DIGITS = 20;

/** Whether an integer is a count that the kernel keeps in 32 bits. */
export function isCount32(digits: string): boolean {
  return isCountOfDigits(digits) && Number(digits) < 2 ** 31;
}
