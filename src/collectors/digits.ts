/**
 * Exact products, sums and fractions of counters that are digits and may exceed 2^53.
 */

/** Digits of less than this many places stay exact as a number, times a million included. */
const SAFE_PLACES = 9;

/** `digits` times `factor`, a whole number up to a million, as digits. */
export function multiplyDigits(digits: string, factor: number): string {
  return digits.length <= SAFE_PLACES ? String(Number(digits) * factor) : String(BigInt(digits) * BigInt(factor));
}

/** The sum of two counters as digits. */
export function addDigits(a: string, b: string): string {
  return String(BigInt(a) + BigInt(b));
}

/** `digits` divided by ten to the power of `places`, exactly: `1234567` and 6 are `1.234567`. */
export function shiftDigits(digits: string, places: number): string {
  const padded = digits.length > places ? digits : digits.padStart(places + 1, '0');
  const point = padded.length - places;
  return `${padded.slice(0, point)}.${padded.slice(point)}`;
}
