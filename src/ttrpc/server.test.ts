/**
 * The server as a whole: its services, clients that go away or do not read, and its shutdown.
 */
import { duplexPair } from 'node:stream';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Echo, WordsSchema } from '../../test/proto/gen/echo_pb.ts';
import { aborted } from '../../test/support/echo-pair.ts';
import { RawTtrpcPeer } from '../../test/support/raw-ttrpc-peer.ts';
import { openStreamPair } from '../../test/support/stream-pair.ts';
import { Code } from '../grpc/index.ts';
import type { ServiceImplementation } from './service.ts';
import { TtrpcClient } from './ttrpc-client.ts';
import { TtrpcServer, type TtrpcServerOptions } from './ttrpc-server.ts';

const { say, count } = Echo.method;

/** Until nothing happens by itself any more in streams that live in memory. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('TtrpcServer', () => {
  let server: TtrpcServer;
  const clients: TtrpcClient[] = [];

  function serve(implementation: ServiceImplementation<typeof Echo>, options?: TtrpcServerOptions): void {
    server = new TtrpcServer(options).addService(Echo, implementation);
  }

  function openClient(): TtrpcClient {
    const [near, far] = duplexPair();
    server.accept(far);
    const client = new TtrpcClient(near);
    clients.push(client);
    return client;
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) {
      client.close();
    }
    vi.useRealTimers();
    await server?.shutdown({ graceMs: 0 });
  });

  describe('addService', () => {
    it('throws a TypeError for a service added twice', () => {
      serve({});
      expect(() => server.addService(Echo, {})).toThrow(new TypeError('Cannot add service "test.Echo" twice'));
    });

    it('throws a TypeError for a handler without a method', () => {
      serve({});
      const implementation = { shout: () => ({}) } as object;
      expect(() => new TtrpcServer().addService(Echo, implementation)).toThrow(
        new TypeError('Cannot add handler "shout": service "test.Echo" has no such method'),
      );
    });

    it('throws a TypeError for a handler that is no function', () => {
      serve({});
      const implementation = { say: 'hello' } as object;
      expect(() => new TtrpcServer().addService(Echo, implementation)).toThrow(
        new TypeError('Cannot add handler "say": service "test.Echo" needs a function, got string'),
      );
    });

    it('calls handlers with the implementation as this, those of a class too', async () => {
      class Greeter {
        readonly greeting = 'hello';
        say(): { text: string } {
          return { text: this.greeting };
        }
      }
      serve(new Greeter());
      expect(await openClient().unary(say, {})).toMatchObject({ text: 'hello' });
    });
  });

  it.each([
    ['maxMessageBytes', 0],
    ['maxMessageBytes', 4 * 1024 * 1024 + 1],
    ['maxConcurrentCalls', 1.5],
    ['maxStreamBufferBytes', Number.NaN],
  ])('throws a RangeError for the option %s of %s', (name, value) => {
    serve({});
    expect(() => new TtrpcServer({ [name]: value })).toThrow(RangeError);
  });

  describe('whose client goes away', () => {
    it('aborts the handlers of that client, and no others', async () => {
      const signals: AbortSignal[] = [];
      serve({
        say: async (_, { signal }) => {
          signals.push(signal);
          await aborted(signal);
          return {};
        },
      });
      const [leaving, staying] = [openClient(), openClient()];
      const calls = [leaving, staying].map((client) => client.unary(say, {}).catch(() => undefined));
      await vi.waitFor(() => expect(signals).toHaveLength(2), 20_000);
      leaving.close();
      expect(await aborted(signals[0]!)).toMatchObject({
        code: Code.cancelled,
        rawMessage: 'Peer closed the connection',
      });
      await calls[0];
      expect(signals[1]?.aborted).toBe(false);
      expect(server.connectionCount).toBe(1);
    });

    it('stops its stream of responses', async () => {
      const isStopped = Promise.withResolvers<void>();
      serve({
        async *count() {
          try {
            for (;;) {
              await new Promise((resolve) => setImmediate(resolve));
              yield { text: 'more' };
            }
          } finally {
            isStopped.resolve();
          }
        },
      });
      const client = openClient();
      await client.serverStream(count, {}).next();
      client.close();
      await isStopped.promise;
    });

    it('survives one that resets the socket in the middle of a response', async () => {
      serve({ say: () => ({ filling: Buffer.alloc(3_000_000) }) });
      const [near, far] = await openStreamPair('over a unix socket');
      server.accept(far);
      new RawTtrpcPeer(near).sendRequest(1, { service: 'test.Echo', method: 'Say' });
      near.once('readable', () => near.destroy());
      await vi.waitFor(() => expect(server.connectionCount).toBe(0), 20_000);
    });
  });

  describe('whose client does not read', () => {
    it('reads no more responses from a handler than the connection accepts', async () => {
      const given = vi.fn();
      serve({
        async *count() {
          for (;;) {
            given();
            yield { filling: Buffer.alloc(10_000) };
          }
        },
      });
      const [near, far] = duplexPair();
      server.accept(far);
      new RawTtrpcPeer(near).sendRequest(1, { service: 'test.Echo', method: 'Count' }, 1);
      await vi.waitFor(() => expect(given).toHaveBeenCalled(), 20_000);
      await settle();
      expect(given.mock.calls.length).toBeLessThan(30);
      far.destroy();
    });

    it('accepts no more requests than it can respond to, and continues when the client reads', async () => {
      const handler = vi.fn(() => ({ filling: Buffer.alloc(10_000) }));
      serve({ say: handler });
      const [near, far] = await openStreamPair('over a unix socket');
      server.accept(far);
      const peer = new RawTtrpcPeer(near);
      const payload = toBinary(WordsSchema, create(WordsSchema, { filling: Buffer.alloc(1000) }));
      for (let index = 0; index < 1000; index++) {
        peer.sendRequest(2 * index + 1, { service: 'test.Echo', method: 'Say', payload });
      }
      await vi.waitFor(() => expect(far.isPaused()).toBe(true), 20_000);
      await settle();
      expect(handler.mock.calls.length).toBeLessThan(500);
      for (let index = 0; index < 1000; index++) {
        expect((await peer.receiveResponse()).response.status).toBeUndefined();
      }
      expect(handler).toHaveBeenCalledTimes(1000);
      near.destroy();
    });
  });

  describe('shutdown', () => {
    it('closes idle connections at once', async () => {
      serve({ say: () => ({ text: 'fine' }) });
      const client = openClient();
      await client.unary(say, {});
      await server.shutdown({ graceMs: 60_000 });
      expect(await client.closed).toMatchObject({ code: Code.unavailable });
    });

    it('resolves without any connection', async () => {
      serve({});
      await server.shutdown({ graceMs: 60_000 });
    });

    it('lets calls under way finish, refuses new ones, then closes', async () => {
      const release = Promise.withResolvers<object>();
      const isCalled = Promise.withResolvers<void>();
      serve({
        say: () => {
          isCalled.resolve();
          return release.promise;
        },
      });
      const client = openClient();
      const call = client.unary(say, {});
      await isCalled.promise;
      const stopped = server.shutdown({ graceMs: 60_000 });
      await expect(client.unary(say, {})).rejects.toMatchObject({
        code: Code.unavailable,
        origin: 'peer',
        rawMessage: 'Server is shutting down',
      });
      release.resolve({ text: 'finished' });
      expect(await call).toMatchObject({ text: 'finished' });
      await stopped;
      expect(await client.closed).toMatchObject({ code: Code.unavailable });
    });

    it('aborts calls that take longer than the grace period, and fails them with UNAVAILABLE', async () => {
      const signals: AbortSignal[] = [];
      serve({
        say: async (_, { signal }) => {
          signals.push(signal);
          await aborted(signal);
          return {};
        },
      });
      const call = openClient().unary(say, {});
      call.catch(() => undefined);
      await vi.waitFor(() => expect(signals).toHaveLength(1), 20_000);
      await server.shutdown({ graceMs: 20 });
      expect(signals[0]?.reason).toMatchObject({ code: Code.unavailable });
      await expect(call).rejects.toMatchObject({
        code: Code.unavailable,
        origin: 'peer',
        rawMessage: 'Server is shutting down',
      });
    });

    it('ends also with a handler that never does', async () => {
      const isCalled = Promise.withResolvers<void>();
      serve({
        say: () => {
          isCalled.resolve();
          return new Promise(() => undefined);
        },
      });
      const call = openClient().unary(say, {});
      call.catch(() => undefined);
      await isCalled.promise;
      await server.shutdown({ graceMs: 0 });
      await expect(call).rejects.toMatchObject({ code: Code.unavailable });
    });

    it('ends also with a client that does not read its responses', async () => {
      serve({ say: () => ({ filling: Buffer.alloc(1_000_000) }) });
      const [near, far] = duplexPair();
      server.accept(far);
      new RawTtrpcPeer(near).sendRequest(1, { service: 'test.Echo', method: 'Say' });
      await vi.waitFor(() => expect(far.writableLength).toBeGreaterThan(0), 20_000);
      vi.useFakeTimers();
      const stopped = server.shutdown({ graceMs: 5000 });
      await vi.advanceTimersByTimeAsync(4999);
      expect(server.connectionCount).toBe(1);
      await vi.advanceTimersByTimeAsync(1001);
      await stopped;
      expect(server.connectionCount).toBe(0);
      near.destroy();
    });

    it('destroys streams that are given to it afterwards', async () => {
      serve({});
      await server.shutdown();
      const [near, far] = duplexPair();
      server.accept(far);
      expect(far.destroyed).toBe(true);
      near.destroy();
    });

    it('is what "await using" does at the end of a block, as close is what "using" does', async () => {
      serve({});
      const client = openClient();
      client[Symbol.dispose]();
      expect(await client.closed).toMatchObject({ code: Code.cancelled });
      openClient();
      await server[Symbol.asyncDispose]();
      expect(server.connectionCount).toBe(0);
    });

    it('may be called twice, and both wait', async () => {
      serve({});
      openClient();
      await Promise.all([server.shutdown(), server.shutdown()]);
      expect(server.connectionCount).toBe(0);
    });
  });
});
