import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentService } from '../../proto/index.ts';
import { type Address, dialUnix, TransportError } from '../../transport/index.ts';
import { Code, TtrpcError, TtrpcServer } from '../../ttrpc/index.ts';
import { AgentLink } from './agent-link.ts';
import { Patience } from './patience.ts';

const address: Address = { kind: 'unix', path: '/not/used' };

let folder: string;
let server: Server;
let nowMs: number;
let dials: number;
let getMetrics: () => Promise<{ metrics: Uint8Array }>;
let getStats: (id: string) => Promise<object>;
let connections: Duplex[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-link-'));
  nowMs = 0;
  dials = 0;
  isThere = true;
  connections = [];
  getMetrics = async () => ({ metrics: Buffer.from('kata_agent_threads 1\n') });
  getStats = async () => ({ cgroupStats: { pidsStats: { current: 3n } } });
  const ttrpc = new TtrpcServer().addService(AgentService, {
    getMetrics: () => getMetrics(),
    statsContainer: ({ containerId }) => getStats(containerId),
  });
  server = createServer((socket) => {
    connections.push(socket);
    ttrpc.accept(socket);
  });
  await new Promise<void>((resolve) => server.listen(join(folder, 'a'), resolve));
});

afterEach(async () => {
  for (const connection of connections) {
    connection.destroy();
  }
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

let isThere: boolean;

function makeLink(dial: () => Promise<Duplex> = () => dialUnix(join(folder, 'a'))): AgentLink {
  return new AgentLink({
    address,
    dial: () => {
      dials += 1;
      return dial();
    },
    isThere: () => isThere,
    now: () => nowMs,
    random: () => 0,
    onRpc: () => undefined,
  });
}

const refuse = (): Promise<Duplex> => Promise.reject(new TransportError('not_there', 'Cannot connect'));
const options = { timeoutMs: 10_000 };

describe('AgentLink', () => {
  it('shares one call between requests at the same time, and one connection between calls', async () => {
    let calls = 0;
    const plain = getMetrics;
    getMetrics = () => {
      calls += 1;
      return plain();
    };
    const link = makeLink();
    const results = await Promise.all([link.getMetrics(options), link.getMetrics(options), link.getMetrics(options)]);
    expect(results).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'ok', text: Buffer.from('kata_agent_threads 1\n') })),
    );
    expect([calls, dials]).toEqual([1, 1]);
    await link.getMetrics(options);
    expect([calls, dials]).toEqual([2, 1]);
    link.close();
  });

  it('does not connect again before its time has come', async () => {
    const link = makeLink(refuse);
    const reasons: string[] = [];
    for (const atMs of [0, 50, 99, 100, 250, 299, 300]) {
      nowMs = atMs;
      const result = await link.getMetrics(options);
      reasons.push(result.kind === 'failed' ? `${atMs}: ${result.reason} ${result.message}, ${dials}` : 'ok');
    }
    expect(reasons).toEqual([
      '0: connect Cannot connect, 1',
      '50: connect Cannot connect (next try in 50 ms), 1',
      '99: connect Cannot connect (next try in 1 ms), 1',
      '100: connect Cannot connect, 2',
      '250: connect Cannot connect (next try in 50 ms), 2',
      '299: connect Cannot connect (next try in 1 ms), 2',
      '300: connect Cannot connect, 3',
    ]);
  });

  it('never waits longer than ten seconds between two tries', async () => {
    const link = makeLink(refuse);
    for (let tries = 0; tries < 20; tries++) {
      await link.getMetrics(options);
      nowMs += 10_000;
    }
    expect(dials).toBe(20);
  });

  it('queries an agent that refused again after five minutes, or after a new connection', async () => {
    let calls = 0;
    getMetrics = () => {
      calls += 1;
      return Promise.reject(new TtrpcError(Code.permissionDenied, 'policy'));
    };
    const link = makeLink();
    const askAt = async (atMs: number): Promise<number> => {
      nowMs = atMs;
      expect(await link.getMetrics(options)).toMatchObject({ kind: 'failed', reason: 'denied' });
      return calls;
    };
    expect([await askAt(0), await askAt(1), await askAt(299_999), await askAt(300_000)]).toEqual([1, 1, 1, 2]);
    link.close();
  });

  it('opens a new connection after a call that timed out', async () => {
    const link = makeLink();
    // The connection is there before: a busy machine may take longer than the timeout to connect.
    expect(await link.getMetrics(options)).toMatchObject({ kind: 'ok' });
    getMetrics = () => new Promise(() => undefined);
    expect(await link.getMetrics({ timeoutMs: 20 })).toMatchObject({ kind: 'failed', reason: 'deadline' });
    nowMs += 10_000;
    getMetrics = async () => ({ metrics: Buffer.from('x') });
    expect(await link.getMetrics(options)).toMatchObject({ kind: 'ok' });
    expect(dials).toBe(2);
    link.close();
  });

  it('stops connecting when it is closed', async () => {
    const link = new AgentLink({
      address,
      dial: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new TransportError('aborted', 'Cannot connect: aborted')));
        }),
      now: () => nowMs,
      random: () => 0,
      onRpc: () => undefined,
    });
    const waiting = link.getMetrics(options);
    link.close();
    expect(await waiting).toEqual({ kind: 'failed', reason: 'connect', message: 'Cannot connect: aborted' });
  });

  it('fails what is under way when it is closed', async () => {
    let onAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      onAsked = resolve;
    });
    getMetrics = () => {
      onAsked();
      return new Promise(() => undefined);
    };
    const link = makeLink();
    const waiting = link.getMetrics(options);
    await asked;
    link.close();
    expect(await waiting).toMatchObject({ kind: 'failed', reason: 'disconnected' });
  });
});

describe('an agent that always exceeds the grace period', () => {
  /** A link whose calls are slow by its clock, and a way to end the call that is under way. */
  async function startSlowly(): Promise<{ link: AgentLink; endCall: (text: string) => Promise<void> }> {
    let idleMs = 0;
    let onEnd: () => void = () => undefined;
    let end: (text: string) => void = () => undefined;
    getMetrics = async () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      end = resolve;
      begun.resolve();
      return { metrics: Buffer.from(await promise) };
    };
    let begun = Promise.withResolvers<void>();
    const link = new AgentLink({
      address,
      dial: () => dialUnix(join(folder, 'a')),
      now: () => nowMs,
      random: () => 0,
      onRpc: (action) => action === 'grpc.GetMetricsRequest' && onEnd(),
      patience: new Patience({ idleNowMs: () => idleMs, graceMs: 500 }),
    });
    const endCall = async (text: string): Promise<void> => {
      await begun.promise;
      begun = Promise.withResolvers();
      const ended = new Promise<void>((resolve) => {
        onEnd = resolve;
      });
      idleMs += 600;
      end(text);
      await ended;
      // Until the result is stored.
      await new Promise((resolve) => setImmediate(resolve));
    };
    const first = link.getMetrics(options);
    await endCall('first');
    expect(await first).toEqual({ kind: 'ok', text: Buffer.from('first') });
    return { link, endCall };
  }

  it('has its text one request late, if it still responds', async () => {
    const { link, endCall } = await startSlowly();
    expect(await link.getMetrics(options)).toMatchObject({ kind: 'failed', reason: 'slow' });
    await endCall('second');
    expect(await link.getMetrics(options)).toEqual({ kind: 'ok', text: Buffer.from('second'), isLate: true });
    await endCall('third');
    connections[0]!.pause();
    expect(await link.getMetrics(options)).toMatchObject({ kind: 'failed', reason: 'slow' });
    link.close();
  });
});

describe('statsContainer', () => {
  it('queries one container, on the open connection', async () => {
    const link = makeLink();
    const asked: string[] = [];
    getStats = async (id) => {
      asked.push(id);
      return { cgroupStats: { pidsStats: { current: 3n } } };
    };
    await Promise.all([link.getMetrics(options), link.statsContainer('a', options), link.statsContainer('b', options)]);
    const result = await link.statsContainer('c', options);
    expect(result).toMatchObject({ kind: 'ok', stats: { cgroupStats: { pidsStats: { current: 3n } } } });
    expect(asked.sort()).toEqual(['a', 'b', 'c']);
    expect(dials).toBe(1);
    link.close();
  });

  it('shares the call with the requests that come before its end', async () => {
    const link = makeLink();
    const asked: string[] = [];
    const { promise: late, resolve: respond } = Promise.withResolvers<void>();
    getStats = async (id) => {
      asked.push(id);
      await late;
      return { cgroupStats: { pidsStats: { current: 3n } } };
    };
    const results = [link.statsContainer('a', options), link.statsContainer('b', options)];
    results.push(link.statsContainer('a', options));
    respond();
    for (const result of await Promise.all(results)) {
      expect(result.kind).toBe('ok');
    }
    expect(asked.sort()).toEqual(['a', 'b']);
    await link.statsContainer('a', options);
    expect(asked).toHaveLength(3);
    link.close();
  });

  it.each([
    ['there is no such container', Code.notFound, 'not_found'],
    ['the agent does not know of containers', Code.unimplemented, 'unimplemented'],
    ['its policy forbids it', Code.permissionDenied, 'denied'],
    ['there is no such container, in the words of the Rust agent', Code.invalidArgument, 'not_found'],
    ['the request is refused for another reason', Code.failedPrecondition, 'internal'],
  ])('says when %s, and asks for the text all the same', async (_, code, reason) => {
    const link = makeLink();
    getStats = () => Promise.reject(new TtrpcError(code, 'invalid container id'));
    expect(await link.statsContainer('a', options)).toMatchObject({ kind: 'failed', reason });
    expect(await link.getMetrics(options)).toMatchObject({ kind: 'ok' });
    expect(dials).toBe(1);
    link.close();
  });

  it('does not wait for an unresponsive agent', async () => {
    const link = makeLink();
    expect(await link.getMetrics(options)).toMatchObject({ kind: 'ok' });
    getStats = () => new Promise(() => undefined);
    expect(await link.statsContainer('a', { timeoutMs: 20 })).toMatchObject({ kind: 'failed', reason: 'deadline' });
    expect(await link.getMetrics(options)).toMatchObject({ kind: 'ok' });
    link.close();
  });

  it('does not retry before the back-off expires while no agent is listening', async () => {
    const link = makeLink(refuse);
    await link.getMetrics(options);
    expect(await link.statsContainer('a', options)).toMatchObject({
      kind: 'failed',
      reason: 'connect',
      message: expect.stringMatching(/next try in 100 ms/),
    });
    expect(dials).toBe(1);
    link.close();
  });
});

describe('an agent that is known not to be there', () => {
  it('is not called while it is not listening, and is called without delay when it is', async () => {
    const link = makeLink();
    isThere = false;
    expect(await link.getMetrics({ timeoutMs: 5_000 })).toMatchObject({ kind: 'failed', reason: 'connect' });
    expect(await link.statsContainer('c', { timeoutMs: 5_000 })).toMatchObject({ kind: 'failed' });
    expect(dials).toBe(0);
    isThere = true;
    expect(await link.getMetrics({ timeoutMs: 5_000 })).toMatchObject({ kind: 'ok' });
    link.close();
  });
});
