import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSlip, SlipDecoder } from './slip.ts';

const MAX_FRAME_BYTES = 64;

function decode(chunks: readonly Buffer[]): string[] {
  const frames: string[] = [];
  const decoder = new SlipDecoder({ maxFrameBytes: MAX_FRAME_BYTES, onFrame: (frame) => frames.push(hex(frame)) });
  for (const chunk of chunks) {
    decoder.push(chunk);
  }
  return frames;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** `bytes` cut at the places that `cuts` name. */
function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...cuts.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return places.map((place, index) => bytes.subarray(places[index - 1] ?? 0, place));
}

/** Bytes among which END, ESC and what stands behind ESC are common. */
const anyByte = fc.oneof(fc.constantFrom(0xc0, 0xdb, 0xdc, 0xdd), fc.nat(255));
const anyFrame = fc
  .array(anyByte, { minLength: 1, maxLength: MAX_FRAME_BYTES })
  .map((bytes): Buffer => Buffer.from(bytes));
const anyBytes = fc.array(anyByte, { maxLength: 400 }).map((bytes): Buffer => Buffer.from(bytes));
const cuts = fc.array(fc.nat(10_000), { maxLength: 8 });

describe('encodeSlip', () => {
  it.each([
    ['', 'c0c0'],
    ['00', 'c000c0'],
    ['c0', 'c0dbdcc0'],
    ['db', 'c0dbddc0'],
    ['dbdc', 'c0dbdddcc0'],
    ['61c0c062db', 'c061dbdcdbdc62dbddc0'],
  ])('writes %s as %s', (frame, encoded) => {
    expect(hex(encodeSlip(Buffer.from(frame, 'hex')))).toBe(encoded);
  });
});

describe('SlipDecoder', () => {
  it.each([
    ['nothing between two END', 'c0c0c0', []],
    ['two frames', 'c061c0c062c0', ['61', '62']],
    ['one END between two frames', 'c061c062c0', ['61', '62']],
    ['what came before the first END', '6162c063c0', ['6162', '63']],
    ['an ESC with nothing behind it', 'c061dbc062c0', ['62']],
    ['an ESC with something else behind it', 'c0db61c062c0', ['62']],
    ['a frame without its end', 'c06162', []],
    ['a frame of the largest size', `c0${'61'.repeat(64)}c0`, ['61'.repeat(64)]],
    ['a frame of the largest size, all of it escaped', `c0${'dbdc'.repeat(64)}c0`, ['c0'.repeat(64)]],
    ['a frame with a byte too many, and the next', `c0${'61'.repeat(65)}c062c0`, ['62']],
    ['a frame that is far too long, and the next', `c0${'61'.repeat(129)}c062c0`, ['62']],
  ] as const)('%s, whole and byte by byte', (_name, encoded, frames) => {
    const bytes = Buffer.from(encoded, 'hex');
    expect(decode([bytes])).toEqual(frames);
    expect(decode([...bytes].map((byte) => Buffer.of(byte)))).toEqual(frames);
  });

  it('gives what was encoded, cut anywhere', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 6 }), cuts, (frames, places) => {
        const bytes = Buffer.concat(frames.map(encodeSlip));
        expect(decode(cut(bytes, places))).toEqual(frames.map(hex));
      }),
    );
  });

  it('is in step again behind any garbage', () => {
    fc.assert(
      fc.property(anyBytes, fc.array(anyFrame, { maxLength: 4 }), cuts, (garbage, frames, places) => {
        const bytes = Buffer.concat([garbage, ...frames.map(encodeSlip)]);
        expect(decode(cut(bytes, places)).slice(-frames.length || Infinity)).toEqual(frames.map(hex));
      }),
    );
  });
});
