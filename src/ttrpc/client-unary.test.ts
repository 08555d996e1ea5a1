/**
 * Calls with one request and one response, client against server.
 */
import { create } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, StringValueSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it, vi } from 'vitest';
import { Echo } from '../../test/proto/gen/echo_pb.ts';
import { useEchoPair } from '../../test/support/echo-pair.ts';
import { PAIR_KINDS } from '../../test/support/stream-pair.ts';
import { Code } from '../grpc/index.ts';
import { Health } from '../proto/index.ts';
import type { HandlerContext } from './service.ts';
import { TtrpcError } from './ttrpc-error.ts';

const { say } = Echo.method;

const MIB = 1024 * 1024;

describe.each(PAIR_KINDS)('client against server %s', (kind) => {
  const echo = useEchoPair(kind);

  describe('a unary call', () => {
    it('gets the response of its handler', async () => {
      const client = await echo.start({ say: ({ text }) => ({ text: `${text}!` }) });
      expect(await client.unary(say, { text: 'hello' })).toMatchObject({ text: 'hello!', count: 0 });
    });

    it('gets an empty response as a message with default values', async () => {
      const client = await echo.start({ say: async () => ({}) });
      expect(await client.unary(say, {})).toMatchObject({ $typeName: 'test.Words', text: '' });
    });

    it('carries a message of nearly 4 MiB both ways', async () => {
      const client = await echo.start({ say: ({ filling }) => ({ filling }) });
      const filling = Buffer.alloc(4 * MIB - 100, 'x');
      const response = await client.unary(say, { filling });
      expect(Buffer.compare(response.filling, filling)).toBe(0);
    });

    it('runs concurrently with others, whose responses come in any order', async () => {
      const waiting = new Map<string, () => void>();
      const client = await echo.start({
        say: async ({ text }) => {
          await new Promise<void>((resolve) => waiting.set(text, resolve));
          return { text };
        },
      });
      const order: string[] = [];
      const calls = ['a', 'b', 'c'].map(async (text) => order.push((await client.unary(say, { text })).text));
      await vi.waitFor(() => expect(waiting.size).toBe(3), 20_000);
      for (const text of ['c', 'a', 'b']) {
        waiting.get(text)?.();
      }
      await Promise.all(calls);
      expect(order).toEqual(['c', 'a', 'b']);
    });

    it('gives its metadata to the handler, keys in lower case and values in order', async () => {
      let seen: HandlerContext | undefined;
      const client = await echo.start({
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
      const client = await echo.start({
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
      const client = await echo.start({
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
      expect(echo.onHandlerError).not.toHaveBeenCalled();
    });

    it('fails with UNKNOWN for another error of its handler, which the server reports', async () => {
      const bug = new Error('Cannot read the moon');
      const client = await echo.start({ say: () => Promise.reject(bug) });
      await expect(client.unary(say, {})).rejects.toMatchObject({ code: Code.unknown, rawMessage: bug.message });
      expect(echo.onHandlerError).toHaveBeenCalledExactlyOnceWith(bug, expect.objectContaining({ method: 'Say' }));
    });

    it('fails with INTERNAL when its handler returns a message that cannot be encoded', async () => {
      const client = await echo.start({ say: () => ({ count: -1 }) });
      await expect(client.unary(say, {})).rejects.toMatchObject({ code: Code.internal, origin: 'peer' });
    });

    it('fails with UNIMPLEMENTED when the service is not known', async () => {
      const client = await echo.start({});
      await expect(client.unary(Health.method.check, {})).rejects.toMatchObject({
        code: Code.unimplemented,
        rawMessage: 'Service "grpc.Health" is not known',
      });
    });

    it('fails with UNIMPLEMENTED when the method has no handler', async () => {
      const client = await echo.start({});
      await expect(client.unary(say, {})).rejects.toMatchObject({
        code: Code.unimplemented,
        rawMessage: 'Service "test.Echo" has no method "Say"',
      });
    });

    it('fails without being sent when the request does not fit its fields', async () => {
      const handler = vi.fn(() => ({}));
      const client = await echo.start({ say: handler });
      await expect(client.unary(say, { count: -1 })).rejects.toMatchObject({
        code: Code.invalidArgument,
        origin: 'local',
      });
      expect(handler).not.toHaveBeenCalled();
    });

    it('throws a TypeError for an empty metadata key and a RangeError for a timeout that is no number', async () => {
      const client = await echo.start({ say: () => ({}) });
      await expect(client.unary(say, {}, { metadata: { '': 'x' } })).rejects.toThrow(TypeError);
      await expect(client.unary(say, {}, { timeoutMs: Number.NaN })).rejects.toThrow(RangeError);
    });
  });
});
