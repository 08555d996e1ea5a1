/**
 * What a peer may do beside a plain response, as bytes. Plain responses, by the HTTP/2 server of Node.js and by that of grpc-js:
 * ../grpc-connection.test.ts and ../cri-client.test.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Http2Connection } from './connection.ts';
import { CLIENT_PREFACE, encodeFrame, encodeSettings, encodeUint32, type Frame, FrameReader } from './frames.ts';

const patience = { timeout: 10_000, interval: 5 };

let folder: string;
let server: Server;
let connection: Http2Connection;
let peer: Socket;
let received: Frame[];
const ends: (string | undefined)[] = [];
const texts: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'h2-'));
  const accepted = new Promise<Socket>((resolve) => {
    server = createServer(resolve);
  });
  await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
  connection = new Http2Connection(join(folder, 'socket'));
  peer = await accepted;
  received = [];
  ends.length = 0;
  texts.length = 0;
  const reader = new FrameReader();
  let isFirst = true;
  peer.on('error', () => peer.destroy());
  peer.on('data', (chunk: Buffer) => {
    received.push(...reader.read(isFirst ? chunk.subarray(CLIENT_PREFACE.length) : chunk));
    isFirst = false;
  });
});

afterEach(async () => {
  connection.destroy();
  peer.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

function start(body = 'request'): (why: Error) => void {
  return connection.start(
    { path: '/a.B/C', headers: {}, body: Buffer.from(body) },
    {
      onHeaders: (headers) => texts.push(JSON.stringify(headers)),
      onData: (chunk) => texts.push(String(chunk)),
      onEnd: (fault) => ends.push(fault?.message),
    },
  );
}

const frame = (type: number, flags: number, streamId: number, payload: string | Buffer = ''): Buffer =>
  encodeFrame(type, flags, streamId, Buffer.from(payload as string, 'latin1'));
const settings = (...pairs: [number, number][]): Buffer => encodeSettings(pairs);
const headers = (streamId = 1, flags = 4): Buffer => frame(1, flags, streamId, '\x88');
const data = (text: string, flags = 0, streamId = 1): Buffer => frame(0, flags, streamId, text);
const sent = (type: number): Frame[] => received.filter((each) => each.type === type);

async function ended(count = 1): Promise<readonly (string | undefined)[]> {
  await vi.waitFor(() => expect(ends).toHaveLength(count), patience);
  return ends;
}

describe('a response', () => {
  it.each<[string, Buffer[], string[]]>([
    ['in three frames', [headers(), data('ab'), data('c', 1)], ['{":status":"200"}', 'ab', 'c']],
    ['of trailers alone', [frame(1, 5, 1, '\x88')], ['{":status":"200"}']],
    ['with padding', [frame(1, 0x2c, 1, '\x02ABCD\0\x88pp'), data('\x01xp', 9)], ['{":status":"200"}', 'x']],
    ['with a split header block', [frame(1, 1, 1, '\x48\x03'), frame(9, 4, 1, '418')], ['{":status":"418"}']],
    [
      'among frames that are not known',
      [frame(2, 0, 1, 'abcde'), frame(77, 255, 3, 'x'), headers(1, 5)],
      ['{":status":"200"}'],
    ],
    ['among those of cancelled requests', [headers(9), data('x', 1, 9), headers(1, 5)], ['{":status":"200"}']],
  ])('%s', async (_name, frames, expected) => {
    start();
    for (const byte of Buffer.concat([settings(), ...frames])) {
      peer.write(Buffer.from([byte]));
    }
    expect(await ended()).toEqual([undefined]);
    expect(texts).toEqual(expected);
  });
});

describe('a peer that is at fault', () => {
  it.each<[string, Buffer, string]>([
    ['no HTTP/2', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'not HTTP/2, or a frame of 4740180 bytes'],
    ['no SETTINGS first', headers(), 'the first frame is not SETTINGS'],
    ['a header block in between', Buffer.concat([settings(), headers(1, 0), data('x')]), 'is interrupted'],
    ['a continuation of nothing', Buffer.concat([settings(), frame(9, 4, 1, '\x88')]), 'without a beginning'],
    [
      'a continuation of another stream',
      Buffer.concat([settings(), headers(1, 0), frame(9, 4, 3, 'x')]),
      'of stream 1 is continued on stream 3',
    ],
    ['empty continuations', Buffer.concat([settings(), headers(1, 0), frame(9, 0, 1)]), 'by an empty frame'],
    [
      'long headers',
      Buffer.concat([
        settings(),
        headers(1, 0),
        ...Array.from({ length: 5 }, () => frame(9, 0, 1, 'x'.repeat(16_000))),
      ]),
      'has 80001 bytes or more, the limit is 65536',
    ],
    ['headers that are not valid', Buffer.concat([settings(), frame(1, 4, 1, '\x80')]), 'has an index of 0'],
    ['padding', Buffer.concat([settings(), data('\x05abc', 8)]), 'more padding than bytes'],
    ['only the flag of padding', Buffer.concat([settings(), data('', 8)]), 'more padding than bytes'],
    ['a push', Buffer.concat([settings(), frame(5, 4, 1, 'xxxx')]), 'push'],
    ['half a setting', frame(4, 0, 0, 'xxxxxxx'), 'SETTINGS of 7 bytes'],
    ['a short reset', Buffer.concat([settings(), frame(3, 0, 1, 'x')]), 'frame of 1 bytes'],
    ['a reset', Buffer.concat([settings(), frame(3, 0, 1, encodeUint32(7))]), 'HTTP/2 error code 7'],
    [
      'too much data',
      Buffer.concat([settings(), ...Array.from({ length: 65 }, () => data('x'.repeat(16_384), 0, 9))]),
      '',
    ],
  ])('%s', async (_name, bytes, problem) => {
    start();
    peer.write(bytes);
    if (problem === '') {
      // The window of the connection is extended in time, also for a request that was cancelled.
      await vi.waitFor(() => expect(sent(8).length).toBeGreaterThan(1), patience);
      expect(ends).toEqual([]);
    } else {
      expect(String(await ended())).toContain(problem);
    }
  });

  it('sends more than the window permits', async () => {
    start();
    // One write: the window cannot be extended before all of it has been read.
    peer.write(Buffer.concat([settings(), headers(), ...Array.from({ length: 33 }, () => data('x'.repeat(16_384)))]));
    await vi.waitFor(() => expect(sent(8).some(({ streamId }) => streamId === 1)).toBe(true), patience);
    expect(ends).toEqual([]);
  });

  it('never reads what it requests', async () => {
    start();
    peer.pause();
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(6, 0, 0, 'abcdefgh')));
    peer.write(settings());
    for (let i = 0; i < 1000 && connection.isOpen; i++) {
      await new Promise((resolve) => peer.write(pings, resolve));
    }
    expect(String(await ended())).toMatch(/does not read what it requests: \d+ bytes wait, the limit is 65536/);
  });

  it('whatever it sends, each request ends once', async () => {
    const piece = fc.oneof(
      fc
        .tuple(fc.nat(10), fc.nat(255), fc.nat(4), fc.uint8Array({ maxLength: 20 }))
        .map(([type, flags, streamId, bytes]) => encodeFrame(type, flags, streamId, bytes)),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
        const fuzzed = new Http2Connection(join(folder, 'socket'));
        const accepted = await new Promise<Socket>((resolve) => server.once('connection', resolve));
        accepted.on('error', () => accepted.destroy());
        const finished: unknown[] = [];
        const options = {
          onHeaders: () => undefined,
          onData: () => undefined,
          onEnd: (fault: unknown) => finished.push(fault),
        };
        fuzzed.start({ path: '/', headers: {}, body: Buffer.from('x') }, options);
        fuzzed.start({ path: '/', headers: {}, body: Buffer.from('x') }, options);
        accepted.end(Buffer.concat([settings(), ...pieces]));
        accepted.resume();
        await vi.waitFor(() => expect(finished.length).toBeGreaterThanOrEqual(2), patience);
        fuzzed.destroy();
        accepted.destroy();
        expect(finished).toHaveLength(2);
      }),
      { numRuns: 50 },
    );
  });
});

describe('what a peer requests', () => {
  it('responds to SETTINGS and PING', async () => {
    peer.write(
      Buffer.concat([settings([77, 1]), frame(6, 0, 0, 'abcdefgh'), frame(4, 1, 0), frame(6, 1, 0, 'ABCDEFGH')]),
    );
    await vi.waitFor(() => expect(sent(6)).toMatchObject([{ flags: 1, payload: Buffer.from('abcdefgh') }]), patience);
    expect(sent(4).map(({ flags }) => flags)).toEqual([0, 1]);
  });

  it('sends no more requests at a time than the peer permits', async () => {
    peer.write(settings([3, 1]));
    await vi.waitFor(() => expect(sent(4)).toHaveLength(2), patience);
    start();
    start();
    await vi.waitFor(() => expect(sent(0)).toHaveLength(1), patience);
    peer.write(Buffer.concat([headers(1, 5)]));
    await vi.waitFor(() => expect(sent(0).map(({ streamId }) => streamId)).toEqual([1, 3]), patience);
  });

  it('sends no more bytes than the peer permits', async () => {
    peer.write(settings([4, 20_000]));
    await vi.waitFor(() => expect(sent(4)).toHaveLength(2), patience);
    for (let i = 0; i < 5; i++) {
      start('x'.repeat(16_000));
    }
    await vi.waitFor(() => expect(sent(0)).toHaveLength(4), patience);
    peer.write(frame(8, 0, 0, encodeUint32(16_000)));
    await vi.waitFor(() => expect(sent(0)).toHaveLength(5), patience);
    expect(() => start('x'.repeat(16_385))).toThrow('limit is 16384');
  });

  it('finishes the requests that the peer accepts when it ends the connection', async () => {
    start();
    start();
    peer.write(Buffer.concat([settings(), frame(7, 0, 0, Buffer.concat([encodeUint32(1), encodeUint32(0)]))]));
    expect(await ended()).toEqual(['container manager ends the connection']);
    expect(connection.isOpen).toBe(false);
    peer.write(headers(1, 5));
    expect(await ended(2)).toEqual(['container manager ends the connection', undefined]);
    await vi.waitFor(() => expect(peer.readableEnded).toBe(true), patience);
  });
});

describe('a connection that the peer ends, but does not close', () => {
  const goAway = (last: number): Buffer => frame(7, 0, 0, Buffer.concat([encodeUint32(last), encodeUint32(0)]));
  /** Only a socket that is closed on both sides refuses what needs no response. */
  const isClosed = (): Promise<unknown> =>
    vi.waitFor(() => {
      peer.write(frame(8, 0, 0, encodeUint32(1)));
      expect(peer.destroyed).toBe(true);
    }, patience);

  beforeEach(() => {
    // Writes on, and never ends its side.
    peer.allowHalfOpen = true;
  });

  it('is closed without requests', async () => {
    peer.write(Buffer.concat([settings(), goAway(0)]));
    await isClosed();
  });

  it('is closed after the last request, also when its response does not come', async () => {
    const cancel = start();
    peer.write(Buffer.concat([settings(), goAway(1)]));
    await vi.waitFor(() => expect(connection.isOpen).toBe(false), patience);
    cancel(new Error('too late'));
    await isClosed();
    expect(await ended()).toEqual(['too late']);
  });
});

describe('a request that is cancelled', () => {
  it('is reset', async () => {
    const cancel = start();
    cancel(new Error('no caller waits'));
    cancel(new Error('again'));
    expect(await ended()).toEqual(['no caller waits']);
    await vi.waitFor(() => expect(sent(3)).toMatchObject([{ streamId: 1, payload: encodeUint32(8) }]), patience);
  });

  it('is not sent when it waits', async () => {
    peer.write(settings([3, 0]));
    await vi.waitFor(() => expect(sent(4)).toHaveLength(2), patience);
    start()(new Error('no caller waits'));
    expect(await ended()).toEqual(['no caller waits']);
    expect(sent(1)).toEqual([]);
  });
});
