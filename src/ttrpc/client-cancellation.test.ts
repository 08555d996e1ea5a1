/**
 * How calls end before their response: deadlines and cancellation, client against server.
 */
import { describe, expect, it, vi } from 'vitest';
import { Echo } from '../../test/proto/gen/echo_pb.ts';
import { aborted, useEchoPair } from '../../test/support/echo-pair.ts';
import { PAIR_KINDS } from '../../test/support/stream-pair.ts';
import { Code } from '../grpc/index.ts';

const { say } = Echo.method;

describe.each(PAIR_KINDS)('client against server %s', (kind) => {
  const echo = useEchoPair(kind);

  describe('a deadline', () => {
    it('fails the call by its own timer when the server does not obey, and a late response is dropped', async () => {
      const late = Promise.withResolvers<object>();
      const client = await echo.start({ say: ({ text }) => (text === 'late' ? late.promise : { text: 'fine' }) });
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
      const client = await echo.start({
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
      expect(echo.onHandlerError).not.toHaveBeenCalled();
    });

    it.each([0, -5])('of %s ms fails the call without sending it', async (timeoutMs) => {
      const handler = vi.fn(() => ({}));
      const client = await echo.start({ say: handler });
      await expect(client.unary(say, {}, { timeoutMs })).rejects.toMatchObject({
        code: Code.deadlineExceeded,
        rawMessage: `Its timeout of ${timeoutMs} ms had passed before it was sent`,
      });
      await client.unary(say, {});
      expect(handler).toHaveBeenCalledTimes(1);
    });

    it('leaves calls alone that are done in time', async () => {
      const client = await echo.start({ say: () => ({ text: 'fine' }) });
      expect(await client.unary(say, {}, { timeoutMs: 60_000 })).toMatchObject({ text: 'fine' });
    });
  });

  describe('a signal', () => {
    it('cancels the call at once, with the reason as cause, and the connection lives', async () => {
      const isCalled = Promise.withResolvers<void>();
      const client = await echo.start({
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
      const client = await echo.start({ say: handler });
      await expect(client.unary(say, {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: Code.cancelled,
      });
      await client.unary(say, {});
      expect(handler).toHaveBeenCalledTimes(1);
    });

    it('of AbortSignal.timeout fails the call with DEADLINE_EXCEEDED', async () => {
      const client = await echo.start({ say: (_, { signal }) => aborted(signal).then(() => ({})) });
      await expect(client.unary(say, {}, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
        code: Code.deadlineExceeded,
      });
    });

    it('keeps no listener after the call', async () => {
      const client = await echo.start({ say: () => ({}) });
      const { signal } = new AbortController();
      const remove = vi.spyOn(signal, 'removeEventListener');
      await client.unary(say, {}, { signal });
      expect(remove).toHaveBeenCalledTimes(1);
    });
  });
});
