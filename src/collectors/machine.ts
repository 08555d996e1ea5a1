/**
 * Two constants of the machine: units of values in /proc. Read once when a program starts.
 */
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

/**
 * Clock ticks per second in /proc, `sysconf(_SC_CLK_TCK)`: USER_HZ is 100 on every architecture that Node.js runs on
 * (alpha and ia64 had 1024), whatever the kernel's own HZ is. See time(7) and proc_pid_stat(5).
 */
export const TICKS_PER_SECOND = 100;

/** AT_PAGESZ of getauxval(3). */
const AT_PAGESZ = 6n;

const ENTRY_BYTES = 16;

/** Bytes of a page, from the auxiliary vector that the kernel gives every process; undefined where it cannot be read. */
export function readPageSizeBytes(path = '/proc/self/auxv'): number | undefined {
  try {
    return parsePageSizeBytes(readFileSync(path));
  } catch {
    // Without /proc there are no values to multiply either.
    return undefined;
  }
}

/** Pairs of 64-bit words in the byte order of the machine: type and value. */
export function parsePageSizeBytes(auxv: Buffer): number | undefined {
  const word = (at: number): bigint => (endianness() === 'LE' ? auxv.readBigUInt64LE(at) : auxv.readBigUInt64BE(at));
  for (let at = 0; at + ENTRY_BYTES <= auxv.length; at += ENTRY_BYTES) {
    if (word(at) === AT_PAGESZ) {
      return Number(word(at + ENTRY_BYTES / 2));
    }
  }
  return undefined;
}
