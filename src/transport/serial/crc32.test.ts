import { crc32 as crc32OfZlib } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from './crc32.ts';

describe('crc32', () => {
  it('gives the check value of the standard', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf4_3926);
  });

  it("is zlib's for any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => crc32(bytes) === crc32OfZlib(bytes)));
  });
});
