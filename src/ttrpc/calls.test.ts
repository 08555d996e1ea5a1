import { create } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, StringValueSchema } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Echo } from '../../test/proto/gen/echo_pb.ts';
import { openStreamPair, PAIR_KINDS } from '../../test/support/stream-pair.ts';
import { Health } from '../proto/index.ts';
import { TtrpcClient } from './client.ts';
import { Code } from './code.ts';
import { TtrpcServer } from './server.ts';
import type { HandlerContext, ServiceImplementation } from './service.ts';
import { TtrpcError } from './ttrpc-error.ts';

const { say, count, join, chat } = Echo.method;

const MIB = 1024 * 1024;

/** Resolves when the signal is aborted, with its reason. */
function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}

async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

describe.each(PAIR_KINDS)('client against server %s', (kind) => {
  let client: TtrpcClient;
  let server: TtrpcServer;
  const onHandlerError = vi.fn();

  async function start(
    implementation: ServiceImplementation<typeof Echo>,
    options: { client?: object; server?: object } = {},
  ): Promise<void> {
    const [near, far] = await openStreamPair(kind);
    server = new TtrpcServer({ onHandlerError, ...options.server }).addService(Echo, implementation);
    server.accept(far);
    client = new TtrpcClient(near, options.client);
  }

  beforeEach(() => {
    onHandlerError.mockReset();
  });

  afterEach(async () => {
    client.close();
    await client.closed;
    await server.shutdown();
  });

  describe('a unary call', () => {
    it('gets the answer of its handler', async () => {
      await start({ say: ({ text }) => ({ text: `${text}!` }) });
      expect(await client.unary(say, { text: 'hello' })).toMatchObject({ text: 'hello!', count: 0 });
    });

    it('gets an empty answer as a message with default values', async () => {
      await start({ say: async () => ({}) });
      expect(await client.unary(say, {})).toMatchObject({ $typeName: 'test.Words', text: '' });
    });

    it('carries a message of nearly 4 MiB both ways', async () => {
      await start({ say: ({ filling }) => ({ filling }) });
      const filling = Buffer.alloc(4 * MIB - 100, 'x');
      const answer = await client.unary(say, { filling });
      expect(Buffer.compare(answer.filling, filling)).toBe(0);
    });

    it('runs beside others, answered in any order', async () => {
      const waiting = new Map<string, () => void>();
      await start({
        say: async ({ text }) => {
          await new Promise<void>((resolve) => waiting.set(text, resolve));
          return { text };
        },
      });
      const order: string[] = [];
      const calls = ['a', 'b', 'c'].map(async (text) => order.push((await client.unary(say, { text })).text));
      await vi.waitFor(() => expect(waiting.size).toBe(3));
      for (const text of ['c', 'a', 'b']) waiting.get(text)?.();
      await Promise.all(calls);
      expect(order).toEqual(['c', 'a', 'b']);
    });

    it('gives its metadata to the handler, keys in lower case and values in order', async () => {
      let seen: HandlerContext | undefined;
      await start({
        say: (_, context) => {
          seen = context;
          return {};
        },
      });
      await client.unary(say, {}, { metadata: { 'Trace-Id': 'x', list: ['1', '2'] }, timeoutMs: 2500 });
      expect([...(seen?.metadata ?? [])]).toEqual([
        ['trace-id', ['x']],
        ['list', ['1', '2']],
      ]);
      expect(seen).toMatchObject({ service: 'test.Echo', method: 'Say', timeoutMs: 2500 });
    });

    it('has no timeoutMs in its context without a deadline', async () => {
      let seen: HandlerContext | undefined;
      await start({
        say: (_, context) => {
          seen = context;
          return {};
        },
      });
      await client.unary(say, {}, { timeoutMs: Number.POSITIVE_INFINITY });
      expect(seen).not.toHaveProperty('timeoutMs');
    });

    it('fails with the code, text and details that its handler throws', async () => {
      const detail = create(StringValueSchema, { value: 'sandbox is gone' });
      await start({
        say: () => {
          throw new TtrpcError(Code.failedPrecondition, 'Not now', { details: [anyPack(StringValueSchema, detail)] });
        },
      });
      const error = await client.unary(say, {}).catch((thrown: unknown) => thrown as TtrpcError);
      expect(error).toBeInstanceOf(TtrpcError);
      expect(error).toMatchObject({
        message: 'Call of "test.Echo/Say" failed with FAILED_PRECONDITION (9): Not now',
        code: Code.failedPrecondition,
        rawMessage: 'Not now',
        origin: 'peer',
        method: 'test.Echo/Say',
      });
      expect(anyUnpack((error as TtrpcError).details[0]!, StringValueSchema)).toEqual(detail);
      expect(onHandlerError).not.toHaveBeenCalled();
    });

    it('fails with UNKNOWN for another error of its handler, which the server is told of', async () => {
      const bug = new Error('Cannot read the moon');
      await start({ say: () => Promise.reject(bug) });
      await expect(client.unary(say, {})).rejects.toMatchObject({ code: Code.unknown, rawMessage: bug.message });
      expect(onHandlerError).toHaveBeenCalledExactlyOnceWith(bug, expect.objectContaining({ method: 'Say' }));
    });

    it('fails with INTERNAL when its handler answers what cannot be encoded', async () => {
      await start({ say: () => ({ count: -1 }) });
      await expect(client.unary(say, {})).rejects.toMatchObject({ code: Code.internal, origin: 'peer' });
    });

    it('fails with UNIMPLEMENTED when the service is not known', async () => {
      await start({});
      await expect(client.unary(Health.method.check, {})).rejects.toMatchObject({
        code: Code.unimplemented,
        rawMessage: 'Service "grpc.Health" is not known',
      });
    });

    it('fails with UNIMPLEMENTED when the method has no handler', async () => {
      await start({});
      await expect(client.unary(say, {})).rejects.toMatchObject({
        code: Code.unimplemented,
        rawMessage: 'Service "test.Echo" has no method "Say"',
      });
    });

    it('fails without being sent when the request does not fit its fields', async () => {
      const handler = vi.fn(() => ({}));
      await start({ say: handler });
      await expect(client.unary(say, { count: -1 })).rejects.toMatchObject({
        code: Code.invalidArgument,
        origin: 'local',
      });
      expect(handler).not.toHaveBeenCalled();
    });

    it('throws a TypeError for an empty metadata key and a RangeError for a timeout that is no number', async () => {
      await start({ say: () => ({}) });
      await expect(client.unary(say, {}, { metadata: { '': 'x' } })).rejects.toThrow(TypeError);
      await expect(client.unary(say, {}, { timeoutMs: Number.NaN })).rejects.toThrow(RangeError);
    });
  });

  describe('a message over the bound', () => {
    it('is refused by the client before it is sent, and the connection lives', async () => {
      const handler = vi.fn(() => ({ text: 'fine' }));
      await start({ say: handler });
      await expect(client.unary(say, { filling: Buffer.alloc(4 * MIB) })).rejects.toMatchObject({
        code: Code.resourceExhausted,
        origin: 'local',
        rawMessage: expect.stringMatching(/^Request of 41943\d\d bytes is over the bound of 4194304 and was not sent$/),
      });
      expect(handler).not.toHaveBeenCalled();
      expect(await client.unary(say, {})).toMatchObject({ text: 'fine' });
    });

    it('is drained by the server and answered with RESOURCE_EXHAUSTED, and the connection lives', async () => {
      await start({ say: () => ({ text: 'fine' }) }, { server: { maxMessageBytes: 1000 } });
      const small = client.unary(say, {});
      const large = client.unary(say, { filling: Buffer.alloc(2 * MIB) });
      await expect(large).rejects.toMatchObject({ code: Code.resourceExhausted, origin: 'peer' });
      expect(await small).toMatchObject({ text: 'fine' });
      expect(await client.unary(say, {})).toMatchObject({ text: 'fine' });
    });

    it('is refused by the server as an answer, and the connection lives', async () => {
      await start({ say: ({ count: bytes }) => ({ filling: Buffer.alloc(bytes) }) });
      await expect(client.unary(say, { count: 4 * MIB })).rejects.toMatchObject({
        code: Code.resourceExhausted,
        origin: 'peer',
        rawMessage: expect.stringContaining('Answer of 4194'),
      });
      expect(await client.unary(say, { count: 1 })).toMatchObject({ filling: Buffer.alloc(1) });
    });

    it('is drained by the client as an answer and fails its call only', async () => {
      await start(
        { say: ({ count: bytes }) => ({ filling: Buffer.alloc(bytes) }) },
        { client: { maxMessageBytes: 1000 } },
      );
      const large = client.unary(say, { count: MIB });
      const small = client.unary(say, { count: 1 });
      await expect(large).rejects.toMatchObject({ code: Code.resourceExhausted, origin: 'local' });
      expect(await small).toMatchObject({ filling: Buffer.alloc(1) });
    });

    it('may be an error, which then loses its text', async () => {
      await start({ say: () => Promise.reject(new TtrpcError(Code.notFound, 'x'.repeat(5 * MIB))) });
      await expect(client.unary(say, {})).rejects.toMatchObject({
        code: Code.notFound,
        rawMessage: expect.stringMatching(/^Error of 52428\d\d bytes is over the bound of 4194304 and was not sent$/),
      });
    });
  });

  describe('a call with many answers', () => {
    it('gets them in order, and the end', async () => {
      await start({
        async *count({ count: most }) {
          for (let index = 1; index <= most; index++) yield { count: index };
        },
      });
      const answers = await collect(client.serverStream(count, { count: 1000 }));
      expect(answers.map((answer) => answer.count)).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
    });

    it('gets none from a handler that gives none', async () => {
      await start({ count: () => [] });
      expect(await collect(client.serverStream(count, {}))).toEqual([]);
    });

    it('gets empty messages as messages', async () => {
      await start({ count: () => [{}, {}] });
      expect(await collect(client.serverStream(count, {}))).toHaveLength(2);
    });

    it('gets those before an error, then the error', async () => {
      await start({
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
      await start({});
      await expect(collect(client.serverStream(count, {}))).rejects.toMatchObject({ code: Code.unimplemented });
    });

    it('stops its handler at the deadline', async () => {
      let reason: Promise<unknown> | undefined;
      await start({
        async *count(_, { signal }) {
          reason = aborted(signal);
          yield { count: 1 };
          await reason;
        },
      });
      const stream = client.serverStream(count, {}, { timeoutMs: 50 });
      expect(await stream.next()).toMatchObject({ value: { count: 1 } });
      await expect(stream.next()).rejects.toMatchObject({ code: Code.deadlineExceeded });
      expect(await reason).toMatchObject({ code: Code.deadlineExceeded });
    });

    it('takes no more answers after its reader leaves the loop, and the connection lives', async () => {
      await start({
        say: () => ({ text: 'fine' }),
        async *count(_, { signal }) {
          yield { count: 1 };
          yield { count: 2 };
          await aborted(signal);
        },
      });
      for await (const answer of client.serverStream(count, {})) {
        expect(answer.count).toBe(1);
        break;
      }
      expect(await client.unary(say, {})).toMatchObject({ text: 'fine' });
    });

    it('drops what waits when it is cancelled', async () => {
      await start({
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
    it('gets one answer for all of them', async () => {
      await start({
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

    it('may be answered before they are all sent, and asks for no more then', async () => {
      await start({
        join: async (requests) => {
          for await (const { text } of requests) return { text };
          return {};
        },
      });
      const stopped = Promise.withResolvers<void>();
      async function* requests(): AsyncGenerator<{ text: string }> {
        try {
          for (;;) yield { text: 'first' };
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
      await start({
        say: () => ({}),
        join: async (requests) => {
          for await (const { text } of requests) received.push(text);
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

    it('fails when one of them is over the bound', async () => {
      await start({ join: async (requests) => ({ count: (await collect(requests)).length }) });
      await expect(client.clientStream(join, [{ filling: Buffer.alloc(5 * MIB) }])).rejects.toMatchObject({
        code: Code.resourceExhausted,
        origin: 'local',
      });
    });

    it('fails when the server finds one of them over its bound', async () => {
      await start(
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
    it('answers while requests still come', async () => {
      await start({
        async *chat(requests) {
          for await (const { text } of requests) yield { text: `${text}?` };
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
      await start({
        async *chat(requests) {
          for await (const { filling } of requests) yield { filling };
        },
      });
      const filling = Buffer.alloc(100_000, 'y');
      let bytes = 0;
      const requests = Array.from({ length: 200 }, () => ({ filling }));
      for await (const answer of client.bidiStream(chat, requests)) bytes += answer.filling.length;
      expect(bytes).toBe(20_000_000);
    });
  });

  describe('a deadline', () => {
    it('fails the call by its own timer when the server does not obey, and a late answer is dropped', async () => {
      const late = Promise.withResolvers<object>();
      await start({ say: ({ text }) => (text === 'late' ? late.promise : { text: 'fine' }) });
      const started = performance.now();
      await expect(client.unary(say, { text: 'late' }, { timeoutMs: 30 })).rejects.toMatchObject({
        code: Code.deadlineExceeded,
      });
      expect(performance.now() - started).toBeLessThan(5000);
      late.resolve({ text: 'late' });
      expect(await client.unary(say, {})).toMatchObject({ text: 'fine' });
    });

    it('aborts the signal of the handler', async () => {
      const reason = Promise.withResolvers<unknown>();
      await start({
        say: async (_, { signal }) => {
          reason.resolve(await aborted(signal));
          return {};
        },
      });
      const call = client.unary(say, {}, { timeoutMs: 30 });
      await expect(call).rejects.toMatchObject({ code: Code.deadlineExceeded });
      expect(await reason.promise).toMatchObject({
        code: Code.deadlineExceeded,
        rawMessage: '"test.Echo/Say" did not finish within 30 ms',
      });
      expect(onHandlerError).not.toHaveBeenCalled();
    });

    it.each([0, -5])('of %s ms fails the call without sending it', async (timeoutMs) => {
      const handler = vi.fn(() => ({}));
      await start({ say: handler });
      await expect(client.unary(say, {}, { timeoutMs })).rejects.toMatchObject({
        code: Code.deadlineExceeded,
        rawMessage: `No time left to make it, its timeout is ${timeoutMs} ms`,
      });
      await client.unary(say, {});
      expect(handler).toHaveBeenCalledTimes(1);
    });

    it('leaves calls alone that are done in time', async () => {
      await start({ say: () => ({ text: 'fine' }) });
      expect(await client.unary(say, {}, { timeoutMs: 60_000 })).toMatchObject({ text: 'fine' });
    });
  });

  describe('a signal', () => {
    it('cancels the call at once, with the reason as cause, and the connection lives', async () => {
      const isCalled = Promise.withResolvers<void>();
      await start({
        say: ({ text }, { signal }) => {
          isCalled.resolve();
          return text === 'wait' ? aborted(signal).then(() => ({})) : { text: 'fine' };
        },
      });
      const controller = new AbortController();
      const call = client.unary(say, { text: 'wait' }, { signal: controller.signal });
      await isCalled.promise;
      controller.abort(new Error('User left'));
      await expect(call).rejects.toMatchObject({
        code: Code.cancelled,
        origin: 'local',
        cause: new Error('User left'),
      });
      expect(await client.unary(say, {})).toMatchObject({ text: 'fine' });
    });

    it('that is aborted before keeps the call from being sent', async () => {
      const handler = vi.fn(() => ({}));
      await start({ say: handler });
      await expect(client.unary(say, {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: Code.cancelled,
      });
      await client.unary(say, {});
      expect(handler).toHaveBeenCalledTimes(1);
    });

    it('of AbortSignal.timeout fails the call with DEADLINE_EXCEEDED', async () => {
      await start({ say: (_, { signal }) => aborted(signal).then(() => ({})) });
      await expect(client.unary(say, {}, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
        code: Code.deadlineExceeded,
      });
    });

    it('keeps no listener after the call', async () => {
      await start({ say: () => ({}) });
      const { signal } = new AbortController();
      const remove = vi.spyOn(signal, 'removeEventListener');
      await client.unary(say, {}, { signal });
      expect(remove).toHaveBeenCalledTimes(1);
    });
  });

  describe('the bound on calls under way', () => {
    it('makes the server answer RESOURCE_EXHAUSTED to one more', async () => {
      const release = Promise.withResolvers<object>();
      await start({ say: () => release.promise }, { server: { maxConcurrentCalls: 2 } });
      const calls = [client.unary(say, {}), client.unary(say, {})];
      await expect(client.unary(say, {})).rejects.toMatchObject({
        code: Code.resourceExhausted,
        rawMessage: 'Connection has 2 calls under way, at most 2 are allowed',
        origin: 'peer',
      });
      release.resolve({ text: 'fine' });
      expect(await Promise.all(calls)).toHaveLength(2);
      expect(await client.unary(say, {})).toMatchObject({ text: 'fine' });
    });

    it('counts a handler that goes on after its deadline', async () => {
      const release = Promise.withResolvers<object>();
      await start({ say: () => release.promise }, { server: { maxConcurrentCalls: 1 } });
      await expect(client.unary(say, {}, { timeoutMs: 20 })).rejects.toMatchObject({ code: Code.deadlineExceeded });
      await expect(client.unary(say, {})).rejects.toMatchObject({ code: Code.resourceExhausted });
      release.resolve({});
      await vi.waitFor(() => client.unary(say, {}));
    });

    it('makes the client refuse one more without sending it', async () => {
      const release = Promise.withResolvers<object>();
      const handler = vi.fn(() => release.promise);
      await start({ say: handler }, { client: { maxConcurrentCalls: 1 } });
      const call = client.unary(say, {});
      await expect(client.unary(say, {})).rejects.toMatchObject({ code: Code.resourceExhausted, origin: 'local' });
      release.resolve({});
      await call;
      expect(handler).toHaveBeenCalledTimes(1);
    });
  });
});
