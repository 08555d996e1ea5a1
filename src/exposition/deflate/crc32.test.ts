import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countWork } from '../../../test/support/count-work.ts';
import { crcOfBytes, joinCrcs, zeroBytes } from './crc32.ts';

const crcOf = (bytes: Uint8Array): number => crcOfBytes(0, bytes, 0, bytes.length) >>> 0;

describe('CRC', () => {
  it('is that of zlib, of all bytes or of several parts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (first, second) => {
        expect(crcOf(first)).toBe(crc32(first));
        const joined = crc32(Buffer.concat([first, second]));
        expect(crcOfBytes(crcOf(first), second, 0, second.length) >>> 0).toBe(joined);
        expect(joinCrcs(crcOf(first), crcOf(second), zeroBytes(second.length)) >>> 0).toBe(joined);
      }),
    );
  });

  it.each([0, 1, 255, 65_536, 10_000_000])('is that of a part of %d bytes', (length) => {
    const second = Buffer.alloc(length, 'part');
    const joined = crc32(second, crc32('first'));
    expect(joinCrcs(crc32('first'), crc32(second), zeroBytes(length)) >>> 0).toBe(joined);
  });

  it('takes the same work for a part of any length', () => {
    zeroBytes(1);
    expect(countWork(() => zeroBytes(5_000_000))).toBeLessThan(5000);
  });

  it('keeps the tables of a limited number of lengths', () => {
    const bytes = new Uint8Array(2000).fill(7);
    for (let length = 0; length < bytes.length; length++) {
      const second = bytes.subarray(0, length);
      expect(joinCrcs(crc32('x'), crc32(second), zeroBytes(length)) >>> 0).toBe(
        crc32(Buffer.concat([Buffer.from('x'), second])),
      );
    }
  });
});
