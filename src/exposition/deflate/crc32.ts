/**
 * The CRC of gzip (RFC 1952, section 8), also of parts that are put together: that of a part is computed once and used wherever the
 * part occurs.
 */

const POLYNOMIAL = 0xedb88320;

/** What a byte does to the register. */
const byteTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let register = byte;
  for (let bit = 0; bit < 8; bit++) {
    register = (register & 1) === 1 ? (register >>> 1) ^ POLYNOMIAL : register >>> 1;
  }
  return register;
});

/** The CRC of what has the CRC `crc`, followed by `bytes` from `start` to `end`. That of nothing is 0. */
export function crcOfBytes(crc: number, bytes: Uint8Array, start: number, end: number): number {
  let register = ~crc;
  for (let at = start; at < end; at++) {
    register = byteTable[(register ^ bytes[at]!) & 255]! ^ (register >>> 8);
  }
  return ~register;
}

const NIBBLES = 8;
const NIBBLE_VALUES = 16;

/** What a number of zero bytes does to a CRC, by its four bits each. */
export type ZeroBytes = Int32Array;

const kept = new Map<number, ZeroBytes>();
/** Tables of 512 bytes each: a response has fewer lengths of parts. */
const MAX_KEPT = 512;

/** Takes 32 steps a byte for a length that is not known. */
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
  for (let nibble = 0; nibble < NIBBLES; nibble++) {
    const at = nibble * NIBBLE_VALUES;
    for (let bit = 0; bit < 4; bit++) {
      let register = 1 << (nibble * 4 + bit);
      for (let i = 0; i < length; i++) {
        register = byteTable[register & 255]! ^ (register >>> 8);
      }
      // A map of bits is linear: that of two bits is what both give.
      for (let value = 0; value < 1 << bit; value++) {
        table[at + (1 << bit) + value] = table[at + value]! ^ register;
      }
    }
  }
  return table;
}

/** The CRC of two parts, from that of the first one and that of the second, whose length `zeros` stands for. */
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
