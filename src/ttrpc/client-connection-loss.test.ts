/**
 * What a client says and does when its connection ends, from either side and in the middle of things.
 */
import { once } from 'node:events';
import { duplexPair, PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Echo } from '../../test/proto/gen/echo_pb.ts';
import { failure } from '../../test/support/call-failure.ts';
import { RawTtrpcPeer } from '../../test/support/raw-ttrpc-peer.ts';
import { openStreamPair } from '../../test/support/stream-pair.ts';
import { Code } from '../grpc/index.ts';
import { encodeHeader, FrameType } from './frame.ts';
import { TtrpcClient } from './ttrpc-client.ts';
import type { TtrpcError } from './ttrpc-error.ts';

const { say, count, join } = Echo.method;

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

  describe('whose connection is lost', () => {
    const pendingCalls = (): Promise<TtrpcError>[] => [
      failure(client.unary(say, {}, { timeoutMs: 60_000 })),
      failure(client.serverStream(count, {}).next()),
      failure(client.clientStream(join, [])),
    ];

    it('fails every call with UNAVAILABLE when the peer closes, at once', async () => {
      const calls = pendingCalls();
      await peer.receiveRequest();
      peer.stream.end();
      for (const error of await Promise.all(calls)) {
        expect(error).toMatchObject({
          code: Code.unavailable,
          origin: 'local',
          rawMessage: 'Peer closed the connection',
        });
      }
      expect(await client.closed).toMatchObject({
        code: Code.unavailable,
        message: 'UNAVAILABLE (14): Peer closed the connection',
      });
    });

    it('names the method in the error of each call', async () => {
      const calls = pendingCalls();
      peer.stream.end();
      expect((await Promise.all(calls)).map(({ message }) => message)).toEqual([
        'Call of "test.Echo/Say" failed with UNAVAILABLE (14): Peer closed the connection',
        'Call of "test.Echo/Count" failed with UNAVAILABLE (14): Peer closed the connection',
        'Call of "test.Echo/Join" failed with UNAVAILABLE (14): Peer closed the connection',
      ]);
    });

    it('reports how much of the truncated response had arrived', async () => {
      const call = failure(client.unary(say, {}));
      peer.stream.write(encodeHeader({ payloadBytes: 100, streamId: 1, type: FrameType.response, flags: 0 }));
      peer.stream.end(Buffer.alloc(30));
      expect(await call).toMatchObject({
        rawMessage: 'Peer closed the connection inside a frame, after 40 of its 110 bytes',
      });
    });

    it('fails every call with the error of the stream as cause', async () => {
      const stream = new PassThrough({ write: () => undefined });
      const broken = new TtrpcClient(stream);
      const calls = [failure(broken.unary(say, {})), failure(broken.unary(say, {}))];
      const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      stream.destroy(cause);
      for (const error of await Promise.all(calls)) {
        expect(error).toMatchObject({
          code: Code.unavailable,
          rawMessage: 'Connection failed: read ECONNRESET',
          cause,
        });
      }
    });

    it('fails calls made afterwards with the same reason', async () => {
      peer.stream.end();
      peer.stream.resume();
      await client.closed;
      expect(await failure(client.unary(say, {}))).toMatchObject({
        code: Code.unavailable,
        message: 'Call of "test.Echo/Say" failed with UNAVAILABLE (14): Peer closed the connection',
      });
    });

    it('fails every call with CANCELLED when it is closed here', async () => {
      const calls = pendingCalls();
      client.close();
      for (const error of await Promise.all(calls)) {
        expect(error).toMatchObject({ code: Code.cancelled, rawMessage: 'Client was closed' });
      }
      expect(await client.closed).toMatchObject({ code: Code.cancelled });
      client.close();
    });

    it('destroys its stream, also when the peer closed only its own side', async () => {
      const [near, far] = await openStreamPair('over a unix socket');
      const halfOpen = new TtrpcClient(near);
      const call = failure(halfOpen.unary(say, {}));
      // `end` sends what is written and closes one direction: the other one could still be written to.
      far.end();
      expect(await call).toMatchObject({ code: Code.unavailable });
      expect(near.destroyed).toBe(true);
      far.destroy();
    });

    it('fails every call when the socket is reset', async () => {
      const [near, far] = await openStreamPair('over a unix socket');
      const reset = new TtrpcClient(near);
      const calls = [failure(reset.unary(say, {})), failure(reset.serverStream(count, {}).next())];
      await once(far, 'readable');
      far.destroy();
      for (const error of await Promise.all(calls)) {
        expect(error.code).toBe(Code.unavailable);
      }
    });

    it.each([
      ['ended', (stream: PassThrough) => stream.resume().end()],
      ['destroyed', (stream: PassThrough) => stream.destroy()],
      ['failed', (stream: PassThrough) => stream.on('error', () => undefined).destroy(new Error('gone'))],
    ])('fails its calls when the stream had %s before it got it', async (_, finish) => {
      const stream = new PassThrough();
      const closed = once(stream, 'close').catch(() => undefined);
      finish(stream);
      await closed;
      const late = new TtrpcClient(stream);
      expect(await failure(late.unary(say, {}))).toMatchObject({ code: Code.unavailable });
      expect(await late.closed).toMatchObject({ code: Code.unavailable });
    });
  });
});
