import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHeader, type FrameHeader, FrameType, HEADER_BYTES } from './frame.ts';
import { FrameDecoder, type FrameEvent } from './frame-decoder.ts';

const MAX_PAYLOAD_BYTES = 1000;

interface Sent {
  readonly streamId: number;
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

function encode({ streamId, type, flags, payload }: Sent): Buffer {
  return Buffer.concat([encodeHeader({ payloadBytes: payload.length, streamId, type, flags }), payload]);
}

/** Events of a decoder that gets `chunks`, payloads as hex so that they compare and no view is kept. */
function decode(chunks: readonly Uint8Array[]): { events: unknown[]; decoder: FrameDecoder } {
  const events: unknown[] = [];
  const onEvent = (event: FrameEvent): void => {
    events.push(event.kind === 'frame' ? { ...event, payload: event.payload.toString('hex') } : event);
  };
  const decoder = new FrameDecoder({ maxPayloadBytes: MAX_PAYLOAD_BYTES, onEvent });
  for (const chunk of chunks) {
    decoder.push(Buffer.from(chunk));
  }
  return { events, decoder };
}

function expectedEvents(frames: readonly Sent[]): unknown[] {
  return frames.map(({ payload, ...rest }) => {
    const header: FrameHeader = { payloadBytes: payload.length, ...rest };
    if (payload.length > MAX_PAYLOAD_BYTES) {
      return { kind: 'oversized', header };
    }
    return { kind: 'frame', header, payload: Buffer.from(payload).toString('hex') };
  });
}

function splitAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const offsets = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return offsets.slice(1).map((end, index) => bytes.subarray(offsets[index], end));
}

const CASES: readonly [string, readonly Sent[]][] = [
  ['nothing', []],
  ['an empty frame', [{ streamId: 1, type: 2, flags: 5, payload: Buffer.alloc(0) }]],
  ['a small frame', [{ streamId: 3, type: 1, flags: 0, payload: Buffer.from('hello') }]],
  ['the largest ids, type and flags', [{ streamId: 0xffff_ffff, type: 255, flags: 255, payload: Buffer.from('x') }]],
  ['a frame of exactly the limit', [{ streamId: 1, type: 1, flags: 0, payload: Buffer.alloc(MAX_PAYLOAD_BYTES, 7) }]],
  [
    'a frame one byte over the limit',
    [{ streamId: 1, type: 1, flags: 0, payload: Buffer.alloc(MAX_PAYLOAD_BYTES + 1) }],
  ],
  [
    'empty, oversized, small and full frames after each other',
    [
      { streamId: 1, type: 3, flags: 4, payload: Buffer.alloc(0) },
      { streamId: 3, type: 3, flags: 0, payload: Buffer.alloc(5000, 9) },
      { streamId: 5, type: 3, flags: 0, payload: Buffer.from([0]) },
      { streamId: 7, type: 3, flags: 1, payload: Buffer.alloc(MAX_PAYLOAD_BYTES, 3) },
      { streamId: 9, type: 3, flags: 0, payload: Buffer.alloc(MAX_PAYLOAD_BYTES + 1, 3) },
      { streamId: 11, type: 2, flags: 0, payload: Buffer.from('end') },
    ],
  ],
];

describe('FrameDecoder', () => {
  it.each(CASES)('decodes %s given whole', (_, frames) => {
    expect(decode([Buffer.concat(frames.map(encode))]).events).toEqual(expectedEvents(frames));
  });

  it.each(CASES)('decodes %s given byte by byte', (_, frames) => {
    const bytes = Buffer.concat(frames.map(encode));
    const chunks = Array.from(bytes, (_byte, index) => bytes.subarray(index, index + 1));
    expect(decode(chunks).events).toEqual(expectedEvents(frames));
  });

  it('decodes any frames, split anywhere', () => {
    const frame = fc.record({
      streamId: fc.nat(0xffff_ffff),
      type: fc.nat(255),
      flags: fc.nat(255),
      payload: fc.uint8Array({ maxLength: MAX_PAYLOAD_BYTES + 100 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 }), (frames, cuts) => {
        const { events, decoder } = decode(splitAt(Buffer.concat(frames.map(encode)), cuts));
        expect(events).toEqual(expectedEvents(frames));
        expect(decoder.unfinished).toBeUndefined();
      }),
    );
  });

  it('takes random bytes without throwing, and the same however they are split', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4000 }), fc.array(fc.nat(), { maxLength: 20 }), (bytes, cuts) => {
        const whole = decode([bytes]);
        const split = decode(splitAt(bytes, cuts));
        expect(split.events).toEqual(whole.events);
        expect(split.decoder.unfinished).toEqual(whole.decoder.unfinished);
      }),
    );
  });

  it('gives random small lengths their frames and never more bytes than came in', () => {
    const bytes = fc.array(fc.tuple(fc.nat(1100), fc.uint8Array({ maxLength: 300 })), { maxLength: 20 });
    fc.assert(
      fc.property(bytes, (parts) => {
        const input = Buffer.concat(
          parts.flatMap(([payloadBytes, rest]) => [
            encodeHeader({ payloadBytes, streamId: 1, type: 1, flags: 0 }),
            rest,
          ]),
        );
        const { events } = decode([input]);
        const frames = (events as { payload?: string }[]).flatMap(({ payload }) =>
          payload === undefined ? [] : payload,
        );
        const givenBytes = frames.reduce((sum, payload) => sum + HEADER_BYTES + payload.length / 2, 0);
        expect(givenBytes).toBeLessThanOrEqual(input.length);
      }),
    );
  });

  it('allocates nothing for a frame of 4 GiB, reports it by its header, and drains it', () => {
    const header = { payloadBytes: 0xffff_ffff, streamId: 1, type: 1, flags: 0 };
    const events: FrameEvent[] = [];
    const decoder = new FrameDecoder({ maxPayloadBytes: MAX_PAYLOAD_BYTES, onEvent: (event) => events.push(event) });
    const before = process.memoryUsage().arrayBuffers;
    decoder.push(encodeHeader(header));
    expect(events).toEqual([{ kind: 'oversized', header }]);
    const chunk = Buffer.alloc(1024 * 1024);
    for (let index = 0; index < 4095; index++) {
      decoder.push(chunk);
    }
    decoder.push(chunk.subarray(1));
    expect(decoder.unfinished).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    decoder.push(encode({ streamId: 3, type: 1, flags: 0, payload: Buffer.from('next') }));
    expect(events).toHaveLength(2);
    expect(events[1]).toMatchObject({ kind: 'frame', header: { streamId: 3 } });
  });

  it('gives a payload that lies whole in a chunk without copying it', () => {
    const chunk = encode({ streamId: 1, type: 1, flags: 0, payload: Buffer.from('abc') });
    const payloads: Buffer[] = [];
    const onEvent = (event: FrameEvent): void => {
      payloads.push((event as FrameEvent & { kind: 'frame' }).payload);
    };
    new FrameDecoder({ maxPayloadBytes: MAX_PAYLOAD_BYTES, onEvent }).push(chunk);
    expect(payloads[0]?.buffer).toBe(chunk.buffer);
    expect(payloads[0]?.byteOffset).toBe(chunk.byteOffset + HEADER_BYTES);
  });

  it.each([
    ['between frames', 0, undefined],
    ['in a header', 4, { filledBytes: 4, frameBytes: 10 }],
    ['after a header', 10, { filledBytes: 10, frameBytes: 15 }],
    ['in a payload', 12, { filledBytes: 12, frameBytes: 15 }],
    ['at the end of a frame', 15, undefined],
  ])('tells what is unfinished %s', (_, givenBytes, unfinished) => {
    const bytes = encode({ streamId: 1, type: 1, flags: 0, payload: Buffer.from('hello') });
    expect(decode([bytes.subarray(0, givenBytes)]).decoder.unfinished).toEqual(unfinished);
  });

  it('tells what is unfinished of an oversized frame', () => {
    const bytes = encode({ streamId: 1, type: 1, flags: 0, payload: Buffer.alloc(2000) });
    expect(decode([bytes.subarray(0, 500)]).decoder.unfinished).toEqual({ filledBytes: 500, frameBytes: 2010 });
  });

  it('keeps the beginning of a frame over the limit, however it is cut, and reads the next frame', () => {
    const header = encodeHeader({ payloadBytes: 100, streamId: 1, type: FrameType.response, flags: 0 });
    const next = encodeHeader({ payloadBytes: 0, streamId: 3, type: FrameType.response, flags: 0 });
    const bytes = Buffer.concat([header, Buffer.alloc(100, 'abcdefghij'), next]);
    for (const pieceBytes of [1, 7, bytes.length]) {
      const events: FrameEvent[] = [];
      const decoder = new FrameDecoder({
        maxPayloadBytes: 50,
        beginningBytes: 12,
        onEvent: (event) => events.push(event),
      });
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        decoder.push(bytes.subarray(at, at + pieceBytes));
      }
      expect(events).toMatchObject([
        { kind: 'oversized', header: { streamId: 1 }, beginning: Buffer.from('abcdefghijab') },
        { kind: 'frame', header: { streamId: 3 } },
      ]);
    }
  });
});
