import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLinkFrame, encodeLinkFrame, type FrameKind, type LinkFrame, MAX_FRAME_BYTES } from './link-frame.ts';

const anyFrame: fc.Arbitrary<LinkFrame> = fc.record({
  kind: fc.constantFrom<FrameKind>('hello', 'open', 'accept', 'data', 'credit', 'end', 'reset'),
  session: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  value: fc.nat(0xffff_ffff),
  data: fc.uint8Array({ maxLength: 50 }).map((bytes): Buffer => Buffer.from(bytes)),
});

describe('frames of a serial line', () => {
  it('has the layout of docs/transports.md', () => {
    const frame: LinkFrame = { kind: 'data', session: 0x0102030405060708n, value: 9, data: Buffer.from('hi') };
    expect(encodeLinkFrame(frame).toString('hex')).toBe('0401020304050607080000000968695d3965a7');
  });

  it('reads what it has written', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(decodeLinkFrame(encodeLinkFrame(frame))).toEqual(frame);
      }),
    );
  });

  it('refuses a frame with one bit changed, cut short, or with more behind it', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), fc.nat(7), (frame, place, bit) => {
        const bytes = encodeLinkFrame(frame);
        const changed = Buffer.from(bytes);
        changed[place % bytes.length]! ^= 1 << bit;
        expect(decodeLinkFrame(changed)).toBeUndefined();
        expect(decodeLinkFrame(bytes.subarray(0, place % bytes.length))).toBeUndefined();
        expect(decodeLinkFrame(Buffer.concat([bytes, Buffer.of(bit)]))).toBeUndefined();
      }),
    );
  });

  it('refuses a kind that it does not know, however right its checksum', () => {
    const frame = encodeLinkFrame({ kind: 'hello', session: 0n, value: 0, data: Buffer.alloc(0) });
    expect(decodeLinkFrame(frame)).toBeDefined();
    // CRC-32 of 0x08 and twelve zeros.
    expect(decodeLinkFrame(Buffer.from('08000000000000000000000000557795ef', 'hex'))).toBeUndefined();
  });

  it('has room for a frame of the largest size', () => {
    expect(MAX_FRAME_BYTES).toBe(16 * 1024 + 17);
  });
});
