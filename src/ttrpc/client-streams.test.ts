/**
 * Streams of requests and responses, client against server.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Echo } from '../../test/proto/gen/echo_pb.ts';
import { aborted, collect, useEchoPair } from '../../test/support/echo-pair.ts';
import { PAIR_KINDS } from '../../test/support/stream-pair.ts';
import { Code } from '../grpc/index.ts';
import { TtrpcError } from './ttrpc-error.ts';

const { say, count, join, chat } = Echo.method;

const MIB = 1024 * 1024;

describe.each(PAIR_KINDS)('client against server %s', (kind) => {
  const echo = useEchoPair(kind);

  afterEach(() => void vi.useRealTimers());

  describe('a call with many responses', () => {
    it('gets them in order, and the end', async () => {
      const client = await echo.start({
        async *count({ count: most }) {
          for (let index = 1; index <= most; index++) {
            yield { count: index };
          }
        },
      });
      const responses = await collect(client.serverStream(count, { count: 1000 }));
      expect(responses.map((response) => response.count)).toEqual(
        Array.from({ length: 1000 }, (_, index) => index + 1),
      );
    });

    it('gets none from a handler that gives none', async () => {
      const client = await echo.start({ count: () => [] });
      expect(await collect(client.serverStream(count, {}))).toEqual([]);
    });

    it('gets empty messages as messages', async () => {
      const client = await echo.start({ count: () => [{}, {}] });
      expect(await collect(client.serverStream(count, {}))).toHaveLength(2);
    });

    it('gets those before an error, then the error', async () => {
      const client = await echo.start({
        async *count() {
          yield { count: 1 };
          throw new TtrpcError(Code.aborted, 'Enough');
        },
      });
      const stream = client.serverStream(count, {});
      expect(await stream.next()).toMatchObject({ value: { count: 1 } });
      await expect(stream.next()).rejects.toMatchObject({ code: Code.aborted, rawMessage: 'Enough' });
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    });

    it('fails when the service is not known', async () => {
      const client = await echo.start({});
      await expect(collect(client.serverStream(count, {}))).rejects.toMatchObject({ code: Code.unimplemented });
    });

    it('stops its handler at the deadline', async () => {
      let reason: Promise<unknown> | undefined;
      const client = await echo.start({
        async *count(_, { signal }) {
          reason = aborted(signal);
          yield { count: 1 };
          await reason;
        },
      });
      // A busy machine may take longer than any short deadline until the first response.
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const stream = client.serverStream(count, {}, { timeoutMs: 50 });
      expect(await stream.next()).toMatchObject({ value: { count: 1 } });
      vi.advanceTimersByTime(50);
      await expect(stream.next()).rejects.toMatchObject({ code: Code.deadlineExceeded });
      expect(await reason).toMatchObject({ code: Code.deadlineExceeded });
    });

    it('receives no more responses after its reader leaves the loop, and the connection lives', async () => {
      const client = await echo.start({
        say: () => ({ text: 'fine' }),
        async *count(_, { signal }) {
          yield { count: 1 };
          yield { count: 2 };
          await aborted(signal);
        },
      });
      for await (const response of client.serverStream(count, {})) {
        expect(response.count).toBe(1);
        break;
      }
      expect(await client.unary(say, {})).toMatchObject({ text: 'fine' });
    });

    it('drops what waits when it is cancelled', async () => {
      const client = await echo.start({
        async *count(_, { signal }) {
          yield { count: 1 };
          yield { count: 2 };
          await aborted(signal);
        },
      });
      const controller = new AbortController();
      const stream = client.serverStream(count, {}, { signal: controller.signal });
      await stream.next();
      controller.abort(new Error('Enough'));
      await expect(stream.next()).rejects.toMatchObject({ code: Code.cancelled, cause: new Error('Enough') });
    });
  });

  describe('a call with many requests', () => {
    it('gets one response for all of them', async () => {
      const client = await echo.start({
        join: async (requests) => ({ text: (await collect(requests)).map(({ text }) => text).join('+') }),
      });
      async function* requests(): AsyncGenerator<{ text: string }> {
        yield { text: 'a' };
        yield { text: 'b' };
        yield {} as { text: string };
      }
      expect(await client.clientStream(join, requests())).toMatchObject({ text: 'a+b+' });
      expect(await client.clientStream(join, [])).toMatchObject({ text: '' });
    });

    it('may get its response before they are all sent, and then sends no more', async () => {
      const client = await echo.start({
        join: async (requests) => {
          for await (const { text } of requests) {
            return { text };
          }
          return {};
        },
      });
      const stopped = Promise.withResolvers<void>();
      async function* requests(): AsyncGenerator<{ text: string }> {
        try {
          for (;;) {
            yield { text: 'first' };
          }
        } finally {
          stopped.resolve();
        }
      }
      expect(await client.clientStream(join, requests())).toMatchObject({ text: 'first' });
      await stopped.promise;
    });

    it('fails with CANCELLED and the cause when they cannot be had, and is never taken for complete', async () => {
      const received: string[] = [];
      let isComplete = false;
      const client = await echo.start({
        say: () => ({}),
        join: async (requests) => {
          for await (const { text } of requests) {
            received.push(text);
          }
          isComplete = true;
          return {};
        },
      });
      async function* requests(): AsyncGenerator<{ text: string }> {
        yield { text: 'a' };
        throw new Error('Disk is gone');
      }
      await expect(client.clientStream(join, requests())).rejects.toMatchObject({
        code: Code.cancelled,
        cause: new Error('Disk is gone'),
      });
      await client.unary(say, {});
      expect(received).toEqual(['a']);
      expect(isComplete).toBe(false);
    });

    it('fails when one of them is over the limit', async () => {
      const client = await echo.start({ join: async (requests) => ({ count: (await collect(requests)).length }) });
      await expect(client.clientStream(join, [{ filling: Buffer.alloc(5 * MIB) }])).rejects.toMatchObject({
        code: Code.resourceExhausted,
        origin: 'local',
      });
    });

    it('fails when the server finds one of them over its limit', async () => {
      const client = await echo.start(
        { join: async (requests) => ({ count: (await collect(requests)).length }) },
        { server: { maxMessageBytes: 1000 } },
      );
      await expect(client.clientStream(join, [{}, { filling: Buffer.alloc(2000) }])).rejects.toMatchObject({
        code: Code.resourceExhausted,
        origin: 'peer',
      });
    });
  });

  describe('a call with many of both', () => {
    it('gets responses while it still sends requests', async () => {
      const client = await echo.start({
        async *chat(requests) {
          for await (const { text } of requests) {
            yield { text: `${text}?` };
          }
          yield { text: 'bye' };
        },
      });
      const asked: string[] = [];
      const turns = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      async function* requests(): AsyncGenerator<{ text: string }> {
        yield { text: 'one' };
        await turns[0]!.promise;
        yield { text: 'two' };
        await turns[1]!.promise;
      }
      for await (const { text } of client.bidiStream(chat, requests())) {
        asked.push(text);
        turns[asked.length - 1]?.resolve();
      }
      expect(asked).toEqual(['one?', 'two?', 'bye']);
    });

    it('carries megabytes both ways at once', async () => {
      const client = await echo.start({
        async *chat(requests) {
          for await (const { filling } of requests) {
            yield { filling };
          }
        },
      });
      const filling = Buffer.alloc(100_000, 'y');
      let bytes = 0;
      const requests = Array.from({ length: 200 }, () => ({ filling }));
      for await (const response of client.bidiStream(chat, requests)) {
        bytes += response.filling.length;
      }
      expect(bytes).toBe(20_000_000);
    });
  });
});
