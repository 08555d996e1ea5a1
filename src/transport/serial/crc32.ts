/**
 * CRC-32 as in zlib, gzip and Ethernet (reflected, polynomial 0xedb88320). Not that of node:zlib, which would cost an
 * agent 2 MB.
 */

const POLYNOMIAL = 0xedb8_8320;
const BITS = 8;

/** Effect of each byte on the remainder. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < BITS; bit++) {
    remainder = (remainder & 1) === 0 ? remainder >>> 1 : (remainder >>> 1) ^ POLYNOMIAL;
  }
  return remainder;
});

/** Returns the checksum, from 0 to 2^32 - 1. */
export function crc32(bytes: Uint8Array): number {
  let remainder = ~0;
  for (let index = 0; index < bytes.length; index++) {
    remainder = (remainder >>> BITS) ^ TABLE[(remainder ^ bytes[index]!) & 0xff]!;
  }
  return ~remainder >>> 0;
}
