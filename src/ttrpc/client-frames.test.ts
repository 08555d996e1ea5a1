/**
 * The client against a server that is driven frame by frame: what it sends, late and foreign frames.
 */
import { duplexPair, PassThrough } from 'node:stream';
import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Echo, WordsSchema } from '../../test/proto/gen/echo_pb.ts';
import { failure } from '../../test/support/call-failure.ts';
import { collect } from '../../test/support/echo-pair.ts';
import { RawTtrpcPeer } from '../../test/support/raw-ttrpc-peer.ts';
import { Code } from '../grpc/index.ts';
import { ResponseSchema } from '../proto/index.ts';
import { FrameFlag, FrameType } from './frame.ts';
import { TtrpcClient } from './ttrpc-client.ts';
import { TtrpcError } from './ttrpc-error.ts';

const { say, count, join } = Echo.method;
const { remoteClosed, remoteOpen, noData } = FrameFlag;

function words(text: string): Uint8Array {
  return toBinary(WordsSchema, create(WordsSchema, { text }));
}

describe('a client', () => {
  let client: TtrpcClient;
  let peer: RawTtrpcPeer;

  beforeEach(() => {
    const [near, far] = duplexPair();
    client = new TtrpcClient(near, { maxMessageBytes: 1000, maxStreamBufferBytes: 500 });
    peer = new RawTtrpcPeer(far);
  });

  afterEach(() => {
    client.close();
    peer.stream.destroy();
  });

  /** The connection is as good as before: the next call gets a response. */
  async function expectAlive(): Promise<void> {
    const call = client.unary(say, {});
    const { streamId } = await peer.receiveRequest();
    peer.sendResponse(streamId, { payload: words('alive') });
    expect(await call).toMatchObject({ text: 'alive' });
  }

  describe('sends', () => {
    it('unary requests with odd rising ids, no flags, and all of the envelope', async () => {
      const metadata = { key: ['a', 'b'] };
      const calls = [client.unary(say, { text: 'x' }, { timeoutMs: 90_000.5, metadata }), client.unary(say, {})];
      const first = await peer.receiveRequest();
      expect(first).toMatchObject({ streamId: 1, flags: 0 });
      expect(first.request).toMatchObject({
        service: 'test.Echo',
        method: 'Say',
        payload: Buffer.from(words('x')),
        timeoutNano: 90_000_500_000n,
        metadata: [
          { key: 'key', value: 'a' },
          { key: 'key', value: 'b' },
        ],
      });
      expect(await peer.receiveRequest()).toMatchObject({ streamId: 3, request: { timeoutNano: 0n, metadata: [] } });
      peer.sendResponse(3, {});
      peer.sendResponse(1, {});
      await Promise.all(calls);
    });

    it('"remote closed" on the request of a stream of responses', async () => {
      const stream = client.serverStream(count, { text: 'x' });
      const { flags, request } = await peer.receiveRequest();
      expect({ flags, payload: request.payload }).toEqual({ flags: remoteClosed, payload: Buffer.from(words('x')) });
      await stream.return?.();
    });

    it('"remote open" on a stream of requests, one data frame for each, and an empty closing one', async () => {
      const call = client.clientStream(join, [{ text: 'x' }, {}]);
      const { flags, request, streamId } = await peer.receiveRequest();
      expect({ flags, payload: request.payload.length }).toEqual({ flags: remoteOpen, payload: 0 });
      expect(await peer.receive()).toMatchObject({ type: 3, flags: 0, payload: Buffer.from(words('x')) });
      expect(await peer.receive()).toMatchObject({ type: 3, flags: 0, payloadBytes: 0 });
      expect(await peer.receive()).toMatchObject({ type: 3, flags: remoteClosed | noData, payloadBytes: 0 });
      peer.sendResponse(streamId, { payload: words('done') });
      expect(await call).toMatchObject({ text: 'done' });
    });
  });

  describe('receives', () => {
    it('an error status without a message', async () => {
      const call = failure(client.unary(say, {}));
      peer.sendResponse(1, { status: { code: 5 } });
      expect(await call).toMatchObject({
        code: Code.notFound,
        message: 'Call of "test.Echo/Say" failed with NOT_FOUND (5)',
      });
    });

    it('a status with code 0 as success', async () => {
      const call = client.unary(say, {});
      peer.sendResponse(1, { status: { code: 0 }, payload: words('fine') });
      expect(await call).toMatchObject({ text: 'fine' });
    });

    it.each([17, -1, 1000])('the unknown code %s as UNKNOWN', async (code) => {
      const call = failure(client.unary(say, {}));
      peer.sendResponse(1, { status: { code, message: 'odd' } });
      expect(await call).toMatchObject({
        code: Code.unknown,
        origin: 'peer',
        rawMessage: `Peer responded with the unknown code ${code}: odd`,
      });
    });

    it('a long text of the peer cut in its message, whole in rawMessage', async () => {
      const [near, far] = duplexPair();
      const large = new TtrpcClient(near);
      const call = failure(large.unary(say, {}));
      new RawTtrpcPeer(far).sendResponse(1, { status: { code: 2, message: 'y'.repeat(5000) } });
      const error = await call;
      expect(error.rawMessage).toHaveLength(5000);
      expect(error.message).toMatch(
        /^Call of "test.Echo\/Say" failed with UNKNOWN \(2\): y{1024}… \(3976 more characters\)$/,
      );
      large.close();
    });

    it('bytes that are no response as INTERNAL, and lives', async () => {
      const call = failure(client.unary(say, {}));
      await peer.receiveRequest();
      peer.send({ streamId: 1, type: FrameType.response, payload: Buffer.from([0xff]) });
      expect(await call).toMatchObject({
        code: Code.internal,
        rawMessage: expect.stringMatching(/^Cannot decode 1 bytes as "ttrpc.Response": /),
        method: 'test.Echo/Say',
      });
      await expectAlive();
    });

    it('a payload that is no message of the method as INTERNAL, and lives', async () => {
      const call = failure(client.unary(say, {}));
      await peer.receiveRequest();
      peer.sendResponse(1, { payload: Buffer.from([0x0a, 0x01, 0xff]) });
      expect(await call).toMatchObject({
        code: Code.internal,
        rawMessage: expect.stringMatching(/^Cannot decode 3 bytes as "test.Words": /),
        method: 'test.Echo/Say',
      });
      await expectAlive();
    });

    it('an oversized response as RESOURCE_EXHAUSTED, drains it, and lives', async () => {
      const call = failure(client.unary(say, {}));
      await peer.receiveRequest();
      peer.send({ streamId: 1, type: FrameType.response, payloadBytes: 70_000, payload: Buffer.alloc(1) });
      expect(await call).toMatchObject({
        code: Code.resourceExhausted,
        rawMessage: 'Response of 70000 bytes exceeds the limit of 1000',
      });
      peer.stream.write(Buffer.alloc(69_999, 0xff));
      await expectAlive();
    });

    it('stream data for a call with one response as INTERNAL, and lives', async () => {
      const call = failure(client.unary(say, {}));
      await peer.receiveRequest();
      peer.send({ streamId: 1, type: FrameType.data, payload: words('x') });
      expect(await call).toMatchObject({ code: Code.internal });
      await expectAlive();
    });

    it('responses of unknown streams, and unknown types, without minding', async () => {
      for (const streamId of [0, 2, 7, 0xffff_ffff]) {
        peer.sendResponse(streamId, { payload: words('no call') });
      }
      const call = client.unary(say, {});
      await peer.receiveRequest();
      peer.send({ streamId: 1, type: 99, payload: Buffer.from('x') });
      peer.send({ streamId: 1, type: FrameType.request, payload: Buffer.from('x') });
      peer.sendResponse(1, { payload: words('fine') });
      expect(await call).toMatchObject({ text: 'fine' });
      peer.sendResponse(1, { payload: words('again') });
      await expectAlive();
    });

    it('the end of a stream with its last message', async () => {
      const stream = client.serverStream(count, {});
      peer.send({ streamId: 1, type: FrameType.data, flags: remoteClosed, payload: words('last') });
      expect(await stream.next()).toMatchObject({ value: { text: 'last' } });
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    });

    it('the end of a stream by a response frame, with and without a message', async () => {
      const streams = [client.serverStream(count, {}), client.serverStream(count, {})];
      peer.sendResponse(1, { payload: words('last') });
      peer.sendResponse(3, {});
      expect(await streams[0]!.next()).toMatchObject({ value: { text: 'last' } });
      expect(await streams[0]!.next()).toMatchObject({ done: true });
      expect(await streams[1]!.next()).toMatchObject({ done: true });
    });

    it('a stream faster than its reader as RESOURCE_EXHAUSTED, while others are served', async () => {
      const stream = client.serverStream(count, {});
      await peer.receiveRequest();
      for (let index = 0; index < 10; index++) {
        peer.send({ streamId: 1, type: FrameType.data, payload: words('x'.repeat(100)) });
      }
      await expectAlive();
      await expect(stream.next()).rejects.toMatchObject({
        code: Code.resourceExhausted,
        rawMessage: 'Responses arrived faster than they were read, and their buffer is full',
      });
    });

    it('a stream message that cannot be decoded as INTERNAL, once, and ends the stream', async () => {
      const stream = client.serverStream(count, {});
      peer.send({ streamId: 1, type: FrameType.data, payload: Buffer.from([0xff]) });
      await expect(stream.next()).rejects.toMatchObject({ code: Code.internal });
      expect(await stream.next()).toMatchObject({ done: true });
    });
  });

  it('throws a TypeError for a stream of text or objects', () => {
    expect(() => new TtrpcClient(new PassThrough({ objectMode: true }))).toThrow(TypeError);
    expect(() => new TtrpcClient(new PassThrough({ encoding: 'utf8' }))).toThrow(TypeError);
  });

  it('takes no more requests from an iterable than the connection takes', async () => {
    const [near, far] = duplexPair({ highWaterMark: 1000 });
    const slow = new TtrpcClient(near);
    const taken = vi.fn();
    async function* requests(): AsyncGenerator<{ text: string }> {
      for (let index = 0; index < 1000; index++) {
        taken();
        yield { text: 'x'.repeat(100) };
      }
    }
    const call = slow.clientStream(join, requests());
    const reader = new RawTtrpcPeer(far);
    const { streamId } = await reader.receiveRequest();
    // Every other callback of this and the next turn has run: nothing moves any more.
    far.pause();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken.mock.calls.length).toBeLessThan(100);
    far.resume();
    let frame = await reader.receive();
    while ((frame.flags & remoteClosed) === 0) {
      frame = await reader.receive();
    }
    reader.sendResponse(streamId, { payload: words('done') });
    expect(await call).toMatchObject({ text: 'done' });
    expect(taken).toHaveBeenCalledTimes(1000);
    slow.close();
  });
});

describe('a client that gets random frames', () => {
  it('settles every call, at the latest when the connection ends, and never throws', async () => {
    const frame = fc.record({
      streamId: fc.nat(8),
      type: fc.nat(4),
      flags: fc.nat(7),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constant(words('fine')),
        fc.constant(toBinary(ResponseSchema, create(ResponseSchema, { payload: words('fine') }))),
        fc.constant(toBinary(ResponseSchema, create(ResponseSchema, { status: { code: 5 } }))),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 20 }), async (frames) => {
        const [near, far] = duplexPair();
        const client = new TtrpcClient(near, { maxMessageBytes: 30, maxStreamBufferBytes: 200 });
        const calls = [
          client.unary(say, {}),
          collect(client.serverStream(count, {})),
          client.clientStream(join, [{}, {}]),
          collect(client.bidiStream(Echo.method.chat, [{}])),
        ];
        const settled = Promise.allSettled(calls);
        const peer = new RawTtrpcPeer(far);
        for (const each of frames) {
          peer.send(each);
        }
        far.end();
        const outcomes = await settled;
        const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
        for (const error of errors) {
          expect(error).toBeInstanceOf(TtrpcError);
        }
        far.destroy();
      }),
      { numRuns: 300 },
    );
  });
});
