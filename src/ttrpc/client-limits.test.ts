/**
 * What happens at the bounds of messages and calls, client against server.
 */
import { describe, expect, it, vi } from 'vitest';
import { Echo } from '../../test/proto/gen/echo_pb.ts';
import { useEchoPair } from '../../test/support/echo-pair.ts';
import { PAIR_KINDS } from '../../test/support/stream-pair.ts';
import { Code } from '../grpc/index.ts';
import { TtrpcError } from './ttrpc-error.ts';

const { say } = Echo.method;

const MIB = 1024 * 1024;

describe.each(PAIR_KINDS)('client against server %s', (kind) => {
  const echo = useEchoPair(kind);

  describe('a message over the limit', () => {
    it('is refused by the client before it is sent, and the connection lives', async () => {
      const handler = vi.fn(() => ({ text: 'fine' }));
      const client = await echo.start({ say: handler });
      await expect(client.unary(say, { filling: Buffer.alloc(4 * MIB) })).rejects.toMatchObject({
        code: Code.resourceExhausted,
        origin: 'local',
        rawMessage: expect.stringMatching(/^Request of 41943\d\d bytes exceeds the limit of 4194304 and was not sent$/),
      });
      expect(handler).not.toHaveBeenCalled();
      expect(await client.unary(say, {})).toMatchObject({ text: 'fine' });
    });

    it('is drained by the server, which responds with RESOURCE_EXHAUSTED, and the connection lives', async () => {
      const client = await echo.start({ say: () => ({ text: 'fine' }) }, { server: { maxMessageBytes: 1000 } });
      const small = client.unary(say, {});
      const large = client.unary(say, { filling: Buffer.alloc(2 * MIB) });
      await expect(large).rejects.toMatchObject({ code: Code.resourceExhausted, origin: 'peer' });
      expect(await small).toMatchObject({ text: 'fine' });
      expect(await client.unary(say, {})).toMatchObject({ text: 'fine' });
    });

    it('is refused by the server as a response, and the connection lives', async () => {
      const client = await echo.start({ say: ({ count: bytes }) => ({ filling: Buffer.alloc(bytes) }) });
      await expect(client.unary(say, { count: 4 * MIB })).rejects.toMatchObject({
        code: Code.resourceExhausted,
        origin: 'peer',
        rawMessage: expect.stringContaining('Response of 4194'),
      });
      expect(await client.unary(say, { count: 1 })).toMatchObject({ filling: Buffer.alloc(1) });
    });

    it('is drained by the client as a response and fails its call only', async () => {
      const client = await echo.start(
        { say: ({ count: bytes }) => ({ filling: Buffer.alloc(bytes) }) },
        { client: { maxMessageBytes: 1000 } },
      );
      const large = client.unary(say, { count: MIB });
      const small = client.unary(say, { count: 1 });
      await expect(large).rejects.toMatchObject({ code: Code.resourceExhausted, origin: 'local' });
      expect(await small).toMatchObject({ filling: Buffer.alloc(1) });
    });

    it('may be an error, which then loses its text', async () => {
      const client = await echo.start({
        say: () => Promise.reject(new TtrpcError(Code.notFound, 'x'.repeat(100_000))),
      });
      await expect(client.unary(say, {})).rejects.toMatchObject({
        code: Code.notFound,
        rawMessage: 'Error of 100010 bytes exceeds the limit of 65536 and was not sent',
      });
    });
  });

  describe('metadata over the limit', () => {
    it('is refused by the client before it is sent', async () => {
      const handler = vi.fn(() => ({}));
      const client = await echo.start({ say: handler });
      const metadata = { key: 'x'.repeat(65_536) };
      await expect(client.unary(say, {}, { metadata })).rejects.toMatchObject({
        code: Code.resourceExhausted,
        origin: 'local',
        rawMessage: 'Request exceeds the limit of 65536 bytes besides its payload',
      });
      expect(handler).not.toHaveBeenCalled();
    });

    it('leaves alone what is large in its message only', async () => {
      const client = await echo.start({ say: ({ filling }) => ({ filling }) });
      const filling = Buffer.alloc(MIB);
      expect(await client.unary(say, { filling }, { metadata: { key: 'x'.repeat(60_000) } })).toMatchObject({
        filling,
      });
    });
  });

  describe('the limit of concurrent calls', () => {
    it('makes the server respond with RESOURCE_EXHAUSTED to one more', async () => {
      const release = Promise.withResolvers<object>();
      const client = await echo.start({ say: () => release.promise }, { server: { maxConcurrentCalls: 2 } });
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
      const client = await echo.start({ say: () => release.promise }, { server: { maxConcurrentCalls: 1 } });
      await expect(client.unary(say, {}, { timeoutMs: 20 })).rejects.toMatchObject({ code: Code.deadlineExceeded });
      await expect(client.unary(say, {})).rejects.toMatchObject({ code: Code.resourceExhausted });
      release.resolve({});
      await vi.waitFor(() => client.unary(say, {}), 20_000);
    });

    it('makes the client refuse one more without sending it', async () => {
      const release = Promise.withResolvers<object>();
      const handler = vi.fn(() => release.promise);
      const client = await echo.start({ say: handler }, { client: { maxConcurrentCalls: 1 } });
      const call = client.unary(say, {});
      await expect(client.unary(say, {})).rejects.toMatchObject({ code: Code.resourceExhausted, origin: 'local' });
      release.resolve({});
      await call;
      expect(handler).toHaveBeenCalledTimes(1);
    });
  });
});
