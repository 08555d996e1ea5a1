/**
 * The server against a client that is driven frame by frame: stream ids, flags, oversized and foreign frames.
 */
import { duplexPair } from 'node:stream';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Echo, WordsSchema } from '../../test/proto/gen/echo_pb.ts';
import { RawTtrpcPeer } from '../../test/support/raw-ttrpc-peer.ts';
import { Code } from '../grpc/index.ts';
import { FrameFlag, FrameType } from './frame.ts';
import { TtrpcServer } from './ttrpc-server.ts';

const { remoteClosed, remoteOpen, noData } = FrameFlag;

function words(text: string): Uint8Array {
  return toBinary(WordsSchema, create(WordsSchema, { text }));
}

function say(text: string): { service: string; method: string; payload: Uint8Array } {
  return { service: 'test.Echo', method: 'Say', payload: words(text) };
}

describe('a server', () => {
  let peer: RawTtrpcPeer;
  let server: TtrpcServer;

  beforeEach(() => {
    const [near, far] = duplexPair();
    server = new TtrpcServer({ maxMessageBytes: 1000, maxStreamBufferBytes: 500 }).addService(Echo, {
      say: async ({ text }, { signal }) => {
        if (text === 'wait') {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        }
        return { text };
      },
      count: ({ count }) => Array.from({ length: count }, (_, index) => ({ count: index })),
      join: async (requests) => {
        const texts: string[] = [];
        for await (const { text } of requests) {
          texts.push(text);
          if (text === 'wait') {
            await new Promise(() => undefined);
          }
        }
        return { text: texts.join('+') };
      },
    });
    server.accept(far);
    peer = new RawTtrpcPeer(near);
  });

  afterEach(async () => {
    peer.stream.destroy();
    await server.shutdown({ graceMs: 0 });
  });

  /** The next frame must be this error, for this stream. */
  async function expectError(streamId: number, code: Code, message: string): Promise<void> {
    const response = await peer.receiveResponse();
    expect(response).toMatchObject({ streamId, response: { status: { code, message } } });
  }

  async function expectAnswer(streamId: number, text: string): Promise<void> {
    const { response, ...rest } = await peer.receiveResponse();
    expect(rest).toEqual({ streamId });
    expect(response.status).toBeUndefined();
    expect(fromBinary(WordsSchema, response.payload).text).toBe(text);
  }

  /** The connection is as good as before. */
  async function expectAlive(streamId: number): Promise<void> {
    peer.sendRequest(streamId, say('alive'));
    await expectAnswer(streamId, 'alive');
  }

  it('serves requests with rising odd ids, gaps allowed', async () => {
    for (const streamId of [1, 3, 101, 0xffff_ffff]) {
      peer.sendRequest(streamId, say(`to ${streamId}`));
      await expectAnswer(streamId, `to ${streamId}`);
    }
  });

  it.each([0, 2, 0xffff_fffe])('refuses the even stream id %s and lives', async (streamId) => {
    peer.sendRequest(streamId, say('x'));
    await expectError(streamId, Code.invalidArgument, `Stream id of a client must be odd, got ${streamId}`);
    await expectAlive(1);
  });

  it.each([5, 3])('refuses the stream id %s after 5 and lives', async (streamId) => {
    peer.sendRequest(5, say('x'));
    await expectAnswer(5, 'x');
    peer.sendRequest(streamId, say('y'));
    await expectError(
      streamId,
      Code.invalidArgument,
      `Stream id must rise with every request, got ${streamId} after 5`,
    );
    await expectAlive(7);
  });

  it('takes the flag "remote closed" on a unary request', async () => {
    peer.sendRequest(1, say('x'), remoteClosed);
    await expectAnswer(1, 'x');
  });

  it('drains a request over the limit, responds with RESOURCE_EXHAUSTED before its end, and lives', async () => {
    peer.send({ streamId: 1, type: FrameType.request, payloadBytes: 5000 });
    await expectError(1, Code.resourceExhausted, 'Message of 5000 bytes exceeds the limit of 1000');
    peer.stream.write(Buffer.alloc(5000, 0xff));
    await expectAlive(3);
  });

  it('responds with INVALID_ARGUMENT to bytes that are no request', async () => {
    peer.send({ streamId: 1, type: FrameType.request, payload: Buffer.from([0xff, 0xff]) });
    const { response } = await peer.receiveResponse();
    expect(response.status).toMatchObject({
      code: Code.invalidArgument,
      message: expect.stringMatching(/^Cannot decode 2 bytes as "ttrpc.Request": /),
    });
    await expectAlive(3);
  });

  it('responds with INVALID_ARGUMENT to a payload that is no message of the method', async () => {
    peer.sendRequest(1, { service: 'test.Echo', method: 'Say', payload: Buffer.from([0xff]) });
    const { response } = await peer.receiveResponse();
    expect(response.status).toMatchObject({
      code: Code.invalidArgument,
      message: expect.stringMatching(/^Cannot decode 1 bytes as "test.Words": /),
    });
    await expectAlive(3);
  });

  it('responds with INVALID_ARGUMENT to groups nested without end', async () => {
    const nested = Buffer.alloc(900, 0x0b);
    peer.send({ streamId: 1, type: FrameType.request, payload: nested });
    const { response } = await peer.receiveResponse();
    expect(response.status).toMatchObject({ code: Code.invalidArgument });
    await expectAlive(3);
  });

  it('responds with DEADLINE_EXCEEDED itself when the deadline passes', async () => {
    peer.sendRequest(1, { ...say('wait'), timeoutNano: 20_000_000n });
    await expectError(1, Code.deadlineExceeded, '"test.Echo/Say" did not finish within 20 ms');
    await expectAlive(3);
  });

  it('does not start a call whose deadline has passed already', async () => {
    peer.sendRequest(1, { ...say('wait'), timeoutNano: -1n });
    await expectError(1, Code.deadlineExceeded, 'Deadline of the call had passed before it arrived');
  });

  it.each([
    ['a response', FrameType.response],
    ['type 0', 0],
    ['type 77', 77],
  ])('ignores %s from its client', async (_, type) => {
    peer.send({ streamId: 1, type, payload: Buffer.from('whatever') });
    await expectAlive(1);
  });

  it('responds with INVALID_ARGUMENT to data of a stream that was never opened', async () => {
    peer.send({ streamId: 9, type: FrameType.data, payload: words('x') });
    await expectError(9, Code.invalidArgument, 'Stream 9 was not opened by a request');
    await expectAlive(1);
  });

  it('ignores data of a stream whose response was sent', async () => {
    await expectAlive(1);
    peer.send({ streamId: 1, type: FrameType.data, payload: words('x') });
    peer.send({ streamId: 1, type: FrameType.data, payloadBytes: 2000, payload: Buffer.alloc(2000) });
    await expectAlive(3);
  });

  describe('with a stream of requests', () => {
    const join = { service: 'test.Echo', method: 'Join' };

    it('takes messages from the request, data frames, and a last one with the closing flag', async () => {
      peer.sendRequest(1, { ...join, payload: words('a') }, remoteOpen);
      peer.send({ streamId: 1, type: FrameType.data, payload: words('b') });
      peer.send({ streamId: 1, type: FrameType.data });
      peer.send({ streamId: 1, type: FrameType.data, flags: remoteClosed, payload: words('c') });
      await expectAnswer(1, 'a+b++c');
    });

    it('takes the end without a message', async () => {
      peer.sendRequest(1, join, remoteOpen);
      peer.send({ streamId: 1, type: FrameType.data, payload: words('b') });
      peer.send({ streamId: 1, type: FrameType.data, flags: remoteClosed | noData });
      await expectAnswer(1, 'b');
    });

    it('takes a request that is closed at once', async () => {
      peer.sendRequest(1, { ...join, payload: words('only') }, remoteClosed);
      await expectAnswer(1, 'only');
    });

    it('responds with INVALID_ARGUMENT to data that is no message', async () => {
      peer.sendRequest(1, join, remoteOpen);
      peer.send({ streamId: 1, type: FrameType.data, payload: Buffer.from([0xff]) });
      const { response } = await peer.receiveResponse();
      expect(response.status).toMatchObject({ code: Code.invalidArgument });
      await expectAlive(3);
    });

    it('responds with RESOURCE_EXHAUSTED when the handler reads too slowly, and serves others', async () => {
      peer.sendRequest(1, { ...join, payload: words('wait') }, remoteOpen);
      const payload = words('x'.repeat(150));
      for (let index = 0; index < 3; index++) {
        peer.send({ streamId: 1, type: FrameType.data, payload });
      }
      await expectError(
        1,
        Code.resourceExhausted,
        'Requests came faster than they were read, and their buffer is full',
      );
      await expectAlive(3);
    });

    it('limits empty messages too', async () => {
      peer.sendRequest(1, { ...join, payload: words('wait') }, remoteOpen);
      for (let index = 0; index < 10; index++) {
        peer.send({ streamId: 1, type: FrameType.data });
      }
      const { response } = await peer.receiveResponse();
      expect(response.status).toMatchObject({ code: Code.resourceExhausted });
    });
  });

  it('ends a stream of responses with an empty data frame that says closed', async () => {
    const payload = toBinary(WordsSchema, create(WordsSchema, { count: 2 }));
    peer.sendRequest(1, { service: 'test.Echo', method: 'Count', payload }, remoteClosed);
    expect(await peer.receive()).toMatchObject({ streamId: 1, type: FrameType.data, flags: 0, payloadBytes: 0 });
    expect(await peer.receive()).toMatchObject({ streamId: 1, type: FrameType.data, flags: 0, payloadBytes: 2 });
    expect(await peer.receive()).toMatchObject({
      streamId: 1,
      type: FrameType.data,
      flags: remoteClosed | noData,
      payloadBytes: 0,
    });
  });
});

describe('a server that gets random frames', () => {
  it('lives, or closes the connection, and never throws', async () => {
    const frame = fc.record({
      streamId: fc.nat(20),
      type: fc.nat(4),
      flags: fc.nat(7),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constant(Buffer.from([10, 9, ...Buffer.from('test.Echo'), 18, 3, ...Buffer.from('Say')])),
        fc.constant(Buffer.from([10, 9, ...Buffer.from('test.Echo'), 18, 4, ...Buffer.from('Join')])),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 20 }), async (frames) => {
        const [near, far] = duplexPair();
        const server = new TtrpcServer({ maxMessageBytes: 30 }).addService(Echo, {
          say: (request) => request,
          join: async (requests) => {
            let last = {};
            for await (const request of requests) {
              last = request;
            }
            return last;
          },
        });
        server.accept(far);
        const peer = new RawTtrpcPeer(near);
        for (const each of frames) {
          peer.send(each);
        }
        peer.sendRequest(21, { service: 'test.Echo', method: 'Say' });
        let lastId = 0;
        while (lastId !== 21) {
          lastId = (await peer.receive()).streamId;
        }
        near.destroy();
        await server.shutdown({ graceMs: 0 });
      }),
      { numRuns: 200 },
    );
  });
});
