/**
 * Tells what this process has numbered from what a process before it had numbered in the same way. Not a secret, so that
 * node:crypto, which takes 1.3 MiB, is not loaded for it.
 */

const DIGITS = 8;

/** Eight hexadecimal digits. */
export function randomEpoch(): string {
  return Math.floor(Math.random() * 16 ** DIGITS)
    .toString(16)
    .padStart(DIGITS, '0');
}
