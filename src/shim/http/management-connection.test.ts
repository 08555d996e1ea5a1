import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_HEAD_BYTES } from './management-connection.ts';
import { type ManagementServer, startManagementServer } from './management-server.ts';

let folder: string;
let server: ManagementServer;
let requests: string[];
/** Of the requests for /slow. */
let slow: PromiseWithResolvers<Buffer>;

const large = Buffer.alloc(1024 * 1024, 'x');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'management-'));
  requests = [];
  slow = Promise.withResolvers();
  const respond = (body: Buffer | Promise<Buffer> | readonly Buffer[]) => async (target: string) => {
    requests.push(target);
    return { contentType: 'text/plain', body: await body };
  };
  const routes = {
    '/one': respond([Buffer.from('o'), Buffer.from('ne')]),
    '/two': respond(Buffer.from('two')),
    '/slow': (target: string) => respond(slow.promise)(target),
    '/large': respond(large),
  };
  server = await startManagementServer(join(folder, 's'), routes, () => undefined);
});

afterEach(async () => {
  vi.useRealTimers();
  await server.close();
  await rm(folder, { recursive: true });
});

function open(): Socket {
  return connect({ path: join(folder, 's'), allowHalfOpen: true });
}

/** All that comes until the server ends the connection. */
async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  socket.destroy();
  return Buffer.concat(chunks).toString('latin1');
}

async function send(...pieces: readonly (Buffer | string)[]): Promise<string> {
  const socket = open();
  const received = readAll(socket);
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, 'latin1', resolve));
  }
  return received;
}

const get = (target: string, headers = 'Host: shim\r\n'): string => `GET ${target} HTTP/1.1\r\n${headers}\r\n`;
const last = (target: string): string => get(target, 'Host: shim\r\nConnection: close\r\n');
const statusesOf = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status!);

describe('a connection', () => {
  it('gets a whole response', async () => {
    const text = await send(last('/one'));
    expect(text.replace(/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/m, 'Date\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nDate\r\nConnection: close\r\n\r\none',
    );
  });

  it('serves requests that come together one after the other, an empty line between them', async () => {
    const text = await send(
      `${get('/one')}\r\n${get('/two')}HEAD /one HTTP/1.1\r\nHost: a\r\n\r\n${last('/two')}${get('/one')}`,
    );
    expect(text.split('\r\n\r\n').map((part) => part.replace(/HTTP[\s\S]*/, ''))).toEqual([
      '',
      'one',
      'two',
      '',
      'two',
    ]);
    expect(text.match(/^(?:Connection|Keep-Alive): .*$/gm)).toEqual([
      ...['Connection: keep-alive', 'Keep-Alive: timeout=120', 'Connection: keep-alive', 'Keep-Alive: timeout=120'],
      ...['Connection: keep-alive', 'Keep-Alive: timeout=120', 'Connection: close'],
    ]);
    // After the last one, nothing is read.
    expect(requests).toEqual(['/one', '/two', '/one', '/two']);
  });

  it('reads nothing of the next request before the response has been taken', async () => {
    const socket = open();
    const received = readAll(socket);
    socket.write(get('/slow'));
    await vi.waitFor(() => expect(requests).toEqual(['/slow']), 20_000);
    socket.write(last('/two'));
    slow.resolve(Buffer.from('slow'));
    expect((await received).match(/slow|two$/g)).toEqual(['slow', 'two']);
    expect(requests).toEqual(['/slow', '/two']);
  });

  it('may be ended by a client that waits for its response', async () => {
    const socket = open();
    const received = readAll(socket);
    socket.end(get('/slow'));
    await vi.waitFor(() => expect(requests).toEqual(['/slow']), 20_000);
    slow.resolve(Buffer.from('slow'));
    expect(await received).toMatch(/\r\n\r\nslow$/);
  });

  it('reads a head in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(120), { maxLength: 8 }), async (cuts) => {
        const text = `\r\n${get('/one')}${last('/two')}`;
        const places = [0, ...cuts.filter((cut) => cut > 1 && cut < text.length).sort((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((place, i) => text.slice(places[i], place));
        expect(statusesOf(await send(...pieces))).toEqual(['200', '200']);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['a head of the most bytes', `${'a'.repeat(MAX_HEAD_BYTES - last('/one?').length)}`, '200'],
    ['a head of a byte more', `${'a'.repeat(MAX_HEAD_BYTES - last('/one?').length + 1)}`, '431'],
    ['a head of 1 MiB', 'a'.repeat(1024 * 1024), '431'],
  ])('whole and in pieces: %s', async (_, query, status) => {
    const text = last(`/one?${query}`);
    expect(statusesOf(await send(text))).toEqual([status]);
    expect(statusesOf(await send(text.slice(0, 5), text.slice(5, 9000), text.slice(9000)))).toEqual([status]);
  });

  it.each([
    ['a head that never ends', 'GET / HTTP/1.1\r\nHost: '.padEnd(2 * MAX_HEAD_BYTES, 'a'), ['431']],
    ['a body', `POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${get('/two')}`, ['405']],
    [
      'a body with GET',
      `GET /one HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get('/two')}`,
      ['200'],
    ],
    ['no HTTP', '\x16\x03\x01\x02\x00\r\n\r\n', ['400']],
    ['an empty head', '\r\n\r\n\r\n', []],
    ['no host', `GET /one HTTP/1.1\r\n\r\n${get('/two')}`, ['400']],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', ['505']],
  ])('ends after %s', async (_, text, statuses) => {
    const socket = open();
    const received = readAll(socket);
    socket.end(text, 'latin1');
    expect(statusesOf(await received)).toEqual(statuses);
  });

  it('takes the response to a request of which it has not read all', async () => {
    const socket = open();
    const received = readAll(socket);
    socket.write(`POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: ${8 * large.length}\r\n\r\n`);
    for (let i = 0; i < 8; i++) {
      socket.write(large);
    }
    expect(statusesOf(await received)).toEqual(['405']);
  });
});

describe('the time of a connection', () => {
  /** Moves the timers of the server, not those of the test. */
  const useTimers = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });

  async function openAccepted(text: string): Promise<{ socket: Socket; received: Promise<string> }> {
    const socket = open();
    const received = readAll(socket);
    // The server has read the first request when its response comes.
    socket.write(get('/one'));
    await new Promise((resolve) => socket.once('data', resolve));
    await new Promise((resolve) => socket.write(text, resolve));
    return { socket, received };
  }

  it('is limited for a head', async () => {
    useTimers();
    const { socket, received } = await openAccepted('GET /tw');
    // Until the beginning of the head has been read; then each byte is no more time.
    await vi.waitFor(
      () => {
        socket.write('o');
        vi.advanceTimersByTime(2_400);
        expect(socket.closed).toBe(true);
      },
      { timeout: 20_000, interval: 1 },
    );
    expect(statusesOf(await received)).toEqual(['200', '408']);
  });

  it('is limited between requests', async () => {
    useTimers();
    const { received } = await openAccepted('');
    await vi.waitFor(async () => {
      vi.advanceTimersByTime(120_000);
      expect(await Promise.race([received, Promise.resolve('')])).not.toBe('');
    }, 20_000);
    expect(statusesOf(await received)).toEqual(['200']);
  });

  it('is limited for taking a response, but not for waiting for one', async () => {
    useTimers();
    const socket = open();
    socket.on('error', () => undefined);
    socket.write(get('/slow'));
    await vi.waitFor(() => expect(requests).toEqual(['/slow']), 20_000);
    vi.advanceTimersByTime(600_000);
    expect(socket.destroyed).toBe(false);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    slow.resolve(large);
    // Nothing is read before that.
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0), 20_000);
    vi.advanceTimersByTime(30_000);
    const received = await readAll(socket);
    expect(received.length).toBeLessThan(large.length);
    await closed;
  });
});

describe('the end of the server', () => {
  it('closes idle connections, lets active ones finish, and closes all of them after a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const idle = open();
    const idleReceived = readAll(idle);
    const active = open();
    const activeReceived = readAll(active);
    active.write(get('/slow'));
    const unresponsive = open();
    const unresponsiveReceived = readAll(unresponsive);
    unresponsive.write(get('/slow?'));
    await vi.waitFor(() => expect(requests).toHaveLength(2), 20_000);
    const closed = server.close();
    expect(await idleReceived).toBe('');
    slow.resolve(Buffer.from('slow'));
    expect(await activeReceived).toMatch(/Connection: close\r\n\r\nslow$/);
    expect(await unresponsiveReceived).toMatch(/slow$/);
    await closed;
  });

  it('does not wait for a handler that takes longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const received = send(get('/slow'));
    await vi.waitFor(() => expect(requests).toHaveLength(1), 20_000);
    const closed = server.close();
    vi.advanceTimersByTime(1_000);
    expect(await received).toBe('');
    await closed;
    slow.resolve(Buffer.from('slow'));
  });
});
