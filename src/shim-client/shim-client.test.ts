import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answerInChunks, answerWithLength, type FakeShim, startFakeShim } from '../../test/support/fake-shim.ts';
import { getFromShim, ShimClient, type ShimRequest } from './shim-client.ts';

const realSetTimeout = setTimeout;
let folder: string;
let shim: FakeShim;
let client: ShimClient;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shim-client-'));
  shim = await startFakeShim(join(folder, 'shim-monitor.sock'));
  client = new ShimClient();
});

afterEach(async () => {
  vi.useRealTimers();
  client.close();
  await shim.close();
  await rm(folder, { recursive: true });
});

/** Lets the deadline pass as where this process was busy: once it does what is due, before it reads what has arrived. */
function passWhileBusy(ms: number): void {
  realSetTimeout(() => vi.advanceTimersByTime(ms));
  const untilMs = performance.now() + 2;
  while (performance.now() < untilMs) {
    // Until that timer is due.
  }
}

function request(more: Partial<ShimRequest> = {}): ShimRequest {
  return { socketPath: shim.socketPath, path: '/metrics', timeoutMs: 20_000, maxBytes: 1 << 20, ...more };
}

describe('ShimClient', () => {
  it.each([
    ['a length', answerWithLength('a 1\nb 2\n')],
    ['chunks', answerInChunks('a 1\nb 2\n', 3)],
  ])('returns a response with %s', async (_name, response) => {
    shim.setAnswer(response);
    const got = await client.get(request());
    expect(got).toMatchObject({ kind: 'ok', status: 200, headers: { 'content-type': 'text/plain; version=0.0.4' } });
    expect(got.kind === 'ok' && got.body.toString()).toBe('a 1\nb 2\n');
  });

  it('sends GET, the path and the host, and no body', async () => {
    shim.setAnswer(answerWithLength(''));
    await client.get(request({ path: '/debug/pprof/heap?debug=1' }));
    await getFromShim(request({ path: '/agent-url' }));
    expect(shim.requestHeads).toEqual([
      'GET /debug/pprof/heap?debug=1 HTTP/1.1\r\nHost: shim\r\n',
      'GET /agent-url HTTP/1.1\r\nHost: shim\r\nConnection: close\r\n',
    ]);
  });

  it('sends the next request over the same connection', async () => {
    shim.setAnswer(answerInChunks('a 1\n'));
    for (let i = 0; i < 5; i++) {
      expect((await client.get(request())).kind).toBe('ok');
    }
    expect(shim.connectionCount).toBe(1);
    expect(client.idleConnections).toBe(1);
  });

  it('keeps to the limit of connections, and closes idle ones for other sockets', async () => {
    const limited = new ShimClient({ maxConnections: 2 });
    const others = await Promise.all(
      Array.from({ length: 6 }, (_, i) => startFakeShim(join(folder, `${i}.sock`), answerWithLength('a 1\n'))),
    );
    const getAll = () => Promise.all(others.map(({ socketPath }) => limited.get(request({ socketPath }))));
    for (let i = 0; i < 2; i++) {
      expect((await getAll()).map(({ kind }) => kind)).toEqual(others.map(() => 'ok'));
      expect(limited.idleConnections).toBeLessThanOrEqual(2);
    }
    limited.close();
    await Promise.all(others.map((other) => other.close()));
  });

  it('waits for a connection until the deadline, and leaves the queue when it is cancelled', async () => {
    const limited = new ShimClient({ maxConnections: 1 });
    const unresponsive = limited.get(request({ timeoutMs: 200 }));
    const waiting = limited.get(request({ timeoutMs: 20 }));
    const abort = new AbortController();
    const cancelled = limited.get(request({ signal: abort.signal }));
    abort.abort();
    expect(await cancelled).toMatchObject({ reason: 'aborted' });
    expect(await waiting).toMatchObject({ reason: 'local_shortage', message: 'no connection was free within 20 ms' });
    expect(await unresponsive).toMatchObject({ reason: 'timeout' });
    shim.setAnswer(answerWithLength('a 1\n'));
    expect(await limited.get(request())).toMatchObject({ kind: 'ok' });
    limited.close();
  });

  it('reconnects when the shim has closed the idle connection', async () => {
    shim.setAnswer(answerWithLength('a 1\n'));
    await client.get(request());
    await shim.dropConnections();
    expect((await client.get(request())).kind).toBe('ok');
    expect(shim.connectionCount).toBe(2);
  });

  it('reconnects when the shim drops the connection on the second request', async () => {
    shim.setAnswer((_line, attempt) =>
      attempt === 2 ? { kind: 'bytes', bytes: '', ending: 'close' } : answerWithLength('a 1\n'),
    );
    await client.get(request());
    expect((await client.get(request())).kind).toBe('ok');
    expect(shim.connectionCount).toBe(2);
    expect(shim.requests).toHaveLength(3);
  });

  it('does not retry over a new connection', async () => {
    shim.setAnswer({ kind: 'bytes', bytes: '', ending: 'close' });
    expect(await client.get(request())).toEqual({
      kind: 'failed',
      reason: 'reset',
      message: 'shim closed the connection without a response',
    });
    expect(shim.requests).toHaveLength(1);
  });

  it('does not keep a connection that the shim wants closed', async () => {
    shim.setAnswer({ kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na' });
    expect((await client.get(request())).kind).toBe('ok');
    expect(client.idleConnections).toBe(0);
  });

  it('keeps to the limit of idle connections', async () => {
    const second = await startFakeShim(join(folder, 'second.sock'), answerWithLength('b 1\n'));
    const small = new ShimClient({ maxIdleConnections: 1 });
    shim.setAnswer(answerWithLength('a 1\n'));
    await small.get(request());
    await small.get(request({ socketPath: second.socketPath }));
    expect(small.idleConnections).toBe(1);
    await small.get(request({ socketPath: second.socketPath }));
    expect(second.connectionCount).toBe(1);
    small.close();
    await second.close();
  });

  it('closes a connection that was idle for a while', async () => {
    const hasty = new ShimClient({ idleTimeoutMs: 10 });
    shim.setAnswer(answerWithLength('a 1\n'));
    await hasty.get(request());
    await vi.waitFor(() => expect(shim.openConnections).toBe(0), { timeout: 20_000, interval: 5 });
    expect(hasty.idleConnections).toBe(0);
    hasty.close();
  });

  it('does not mix up two concurrent requests to one shim', async () => {
    shim.setAnswer((line) => answerWithLength(line.includes('/metrics') ? 'metrics' : 'agent'));
    const responses = await Promise.all([client.get(request()), client.get(request({ path: '/agent-url' }))]);
    expect(responses.map((response) => response.kind === 'ok' && response.body.toString())).toEqual([
      'metrics',
      'agent',
    ]);
    expect(client.idleConnections).toBe(1);
  });

  it('distinguishes a missing socket, a plain file, and a socket without a listener', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const reasons = await Promise.all([
      client.get(request({ socketPath: join(folder, 'none', 'shim-monitor.sock') })),
      client.get(request({ socketPath: file })),
      client.get(request({ socketPath: join(file, 'x') })),
      client.get(request({ socketPath: join(folder, 'x'.repeat(120)) })),
    ]);
    expect(reasons.map((response) => response.kind === 'failed' && response.reason)).toEqual([
      'missing',
      'refused',
      'missing',
      'refused',
    ]);
  });

  it('reports a directory in place of the socket', async () => {
    await mkdir(join(folder, 'directory'));
    expect(await client.get(request({ socketPath: join(folder, 'directory') }))).toMatchObject({ reason: 'refused' });
  });

  it('ends at the deadline when nothing arrives', async () => {
    const response = await client.get(request({ timeoutMs: 20 }));
    expect(response).toEqual({ kind: 'failed', reason: 'timeout', message: 'shim did not respond within 20 ms' });
  });

  it('names the timeout of the request where a part of it was spent on waiting for a connection', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const limited = new ShimClient({ maxConnections: 1 });
    const first = limited.get(request({ timeoutMs: 50 }));
    const second = limited.get(request({ timeoutMs: 200 }));
    vi.advanceTimersByTime(50);
    expect(await first).toMatchObject({ message: 'shim did not respond within 50 ms' });
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(150);
    expect(await second).toMatchObject({ reason: 'timeout', message: 'shim did not respond within 200 ms' });
    limited.close();
  });

  it('accepts a response that arrived before the deadline while this process was busy', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    shim.setAnswer(answerWithLength('a 1\n'));
    const requested = shim.nextRequest();
    const response = client.get(request({ timeoutMs: 20 }));
    await requested;
    passWhileBusy(20);
    expect((await response).kind).toBe('ok');
  });

  it('returns at the deadline what arrived before it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    shim.setAnswer({ kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na 1\n' });
    const requested = shim.nextRequest();
    const response = client.get(request({ timeoutMs: 200 }));
    await requested;
    passWhileBusy(200);
    expect(await response).toMatchObject({ reason: 'timeout', status: 200, partialBody: Buffer.from('a 1\n') });
  });

  it.each(['close', 'reset'] as const)('returns what arrived before the %s of the connection', async (ending) => {
    shim.setAnswer({ kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na 1\n', ending });
    expect(await client.get(request())).toMatchObject({
      reason: 'reset',
      message: 'shim closed the connection after 4 of 100 bytes of the body',
      partialBody: Buffer.from('a 1\n'),
    });
  });

  it('ends when the caller aborts', async () => {
    const controller = new AbortController();
    const requested = shim.nextRequest();
    const response = client.get(request({ signal: controller.signal }));
    await requested;
    controller.abort();
    expect(await response).toMatchObject({ reason: 'aborted', message: 'request was cancelled' });
    expect(await client.get(request({ signal: controller.signal }))).toMatchObject({ reason: 'aborted' });
    expect(shim.requests).toHaveLength(1);
  });

  it('truncates an endless response at the limit', async () => {
    shim.setAnswer({ kind: 'endless', head: 'HTTP/1.1 200 OK\r\n\r\n', piece: Buffer.alloc(65_536, 'a') });
    const response = await client.get(request({ maxBytes: 300_000 }));
    expect(response).toMatchObject({ reason: 'too_large', message: 'response body exceeds the limit of 300000 bytes' });
    expect(response.kind === 'failed' && response.partialBody?.length).toBe(300_000);
  });

  it('rejects an endless head', async () => {
    shim.setAnswer({ kind: 'endless', head: 'HTTP/1.1 200 OK\r\n', piece: 'X: y\r\n'.repeat(1000) });
    expect(await client.get(request())).toMatchObject({ reason: 'protocol' });
  });

  it.each(['302 Found', '404 Not Found', '500 Internal Server Error'])(
    'passes on status %s with its page',
    async (status) => {
      shim.setAnswer(answerWithLength('page\n', { status, contentType: 'text/html' }));
      expect(await client.get(request())).toMatchObject({
        reason: 'http_status',
        status: Number.parseInt(status, 10),
        headers: { 'content-type': 'text/html' },
        partialBody: Buffer.from('page\n'),
      });
      expect(shim.requests).toHaveLength(1);
    },
  );

  it('rejects a response that is not HTTP', async () => {
    shim.setAnswer({ kind: 'bytes', bytes: '220 smtp ready\r\n' });
    expect(await client.get(request())).toMatchObject({ reason: 'protocol' });
  });

  it('rejects invalid paths and limits', async () => {
    await expect(client.get(request({ path: '/policy' as '/metrics' }))).rejects.toThrow(RangeError);
    await expect(client.get(request({ timeoutMs: 0 }))).rejects.toThrow('Timeout must be above 0');
    await expect(client.get(request({ maxBytes: 0 }))).rejects.toThrow('Limit of the body');
    expect(shim.connectionCount).toBe(0);
  });

  it('leaves no connection open after a failure', async () => {
    shim.setAnswer({ kind: 'bytes', bytes: 'nonsense' });
    await client.get(request());
    expect(client.idleConnections).toBe(0);
  });
});
