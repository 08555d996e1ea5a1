/**
 * The CRC of gzip (RFC 1952, section 8), which can also be combined from those of parts: the CRC of a part is computed
 * once and used wherever the part occurs.
 */

const POLYNOMIAL = 0xedb88320;

/** Effect of each byte on the register. */
const byteTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let register = byte;
  for (let bit = 0; bit < 8; bit++) {
    register = (register & 1) === 1 ? (register >>> 1) ^ POLYNOMIAL : register >>> 1;
  }
  return register;
});

/** Returns the CRC of data with the CRC `crc` followed by `bytes` from `start` to `end`. The CRC of no data is 0. */
export function crcOfBytes(crc: number, bytes: Uint8Array, start: number, end: number): number {
  let register = ~crc;
  for (let at = start; at < end; at++) {
    register = byteTable[(register ^ bytes[at]!) & 255]! ^ (register >>> 8);
  }
  return ~register;
}

/** x^0 and x^8. */
const ONE = 1 << 31;
const X_TO_8 = 1 << 23;

const NIBBLES = 8;
const NIBBLE_VALUES = 16;

/** Effect of a number of zero bytes on a CRC, for each of its groups of four bits. */
export type ZeroBytes = Int32Array;

const kept = new Map<number, ZeroBytes>();
/** Tables of 512 bytes each: a response has fewer lengths of parts. */
const MAX_KEPT = 512;

/** Takes the same time for every length: a few hundred steps. */
export function zeroBytes(length: number): ZeroBytes {
  let table = kept.get(length);
  if (table === undefined) {
    table = makeTable(length);
    if (kept.size >= MAX_KEPT) {
      kept.clear();
    }
    kept.set(length, table);
  }
  return table;
}

function makeTable(length: number): ZeroBytes {
  const table = new Int32Array(NIBBLES * NIBBLE_VALUES);
  // What they do to the highest bit, which is the number 1 of the field, is what they multiply by.
  let register = powerOfZeroByte(length);
  for (let nibble = NIBBLES - 1; nibble >= 0; nibble--) {
    const at = nibble * NIBBLE_VALUES;
    for (let bit = 3; bit >= 0; bit--) {
      table[at + (1 << bit)] = register;
      register = timesX(register);
    }
    // A map of bits is linear: that of two bits is what both give.
    for (let value = 3; value < NIBBLE_VALUES; value++) {
      const lowest = value & -value;
      if (value !== lowest) {
        table[at + value] = table[at + lowest]! ^ table[at + value - lowest]!;
      }
    }
  }
  return table;
}

/**
 * Registers are polynomials over the field of two elements, modulo that of the CRC: the highest bit is that of x^0. A zero byte
 * multiplies a register by x^8, so `length` of them multiply it by a power of that, which takes a step for each bit of `length`.
 */
function powerOfZeroByte(length: number): number {
  let power = ONE;
  let factor = X_TO_8;
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) {
      power = multiply(power, factor);
    }
    factor = multiply(factor, factor);
  }
  return power;
}

function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let rest = a; rest !== 0; rest <<= 1) {
    product ^= rest < 0 ? shifted : 0;
    shifted = timesX(shifted);
  }
  return product;
}

function timesX(register: number): number {
  return (register & 1) === 1 ? (register >>> 1) ^ POLYNOMIAL : register >>> 1;
}

/** Combines the CRCs of two parts. `zeros`: the effect of as many zero bytes as the second part has. */
export function joinCrcs(first: number, second: number, zeros: ZeroBytes): number {
  return (
    zeros[first & 15]! ^
    zeros[16 + ((first >>> 4) & 15)]! ^
    zeros[32 + ((first >>> 8) & 15)]! ^
    zeros[48 + ((first >>> 12) & 15)]! ^
    zeros[64 + ((first >>> 16) & 15)]! ^
    zeros[80 + ((first >>> 20) & 15)]! ^
    zeros[96 + ((first >>> 24) & 15)]! ^
    zeros[112 + (first >>> 28)]! ^
    second
  );
}
