import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dial } from './dial.ts';

const PORT = 1024;

let directory: string;
let server: Server | undefined;
const accepted = new Set<Socket>();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'km-'));
});
afterEach(async () => {
  for (const socket of accepted) {
    socket.destroy();
  }
  accepted.clear();
  if (server !== undefined) {
    const closed = once(server, 'close');
    server.close();
    await closed;
    server = undefined;
  }
  await rm(directory, { recursive: true });
});

const address = () => ({ kind: 'hvsock', path: join(directory, 'v.sock'), port: PORT }) as const;

/** A hypervisor that has read one whole line when `response` is called. */
async function startHypervisor(response: (socket: Socket, line: string) => void): Promise<void> {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.add(socket);
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', function onData(chunk: Buffer) {
      text += chunk.toString('latin1');
      if (text.endsWith('\n')) {
        socket.off('data', onData);
        response(socket, text);
      }
    });
  });
  await new Promise<void>((resolve) => server?.listen({ path: address().path }, resolve));
}

/** As Firecracker does: the port on its own side in the response; closed at once when no process in the guest listens. */
const firecracker = (socket: Socket, line: string): void => {
  if (line !== `CONNECT ${PORT}\n`) {
    socket.destroy();
    return;
  }
  socket.write('OK 1073741824\n');
  socket.pipe(socket);
};

const writeEach = async (socket: Socket, text: string): Promise<void> => {
  for (const character of text) {
    socket.write(character);
    await nextTurn();
  }
};

const readBytes = async (stream: Duplex, count: number): Promise<string> => {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.length >= count) {
      break;
    }
  }
  return text;
};

describe('dial of hvsock', () => {
  it('requests the port, and returns the stream after the response', async () => {
    await startHypervisor(firecracker);
    const stream = await dial(address());
    stream.end('hello');
    expect(await readBytes(stream, 6)).toBe('hello');
    stream.destroy();
  });

  it('loses nothing that comes with the response', async () => {
    await startHypervisor((socket) => socket.write('OK 5\nfirst'));
    const stream = await dial(address());
    expect(await readBytes(stream, 5)).toBe('first');
    stream.destroy();
  });

  it('reads a response that comes byte by byte, and what follows', async () => {
    await startHypervisor((socket) => void writeEach(socket, 'OK 4294967295\nnext'));
    const stream = await dial(address());
    expect(await readBytes(stream, 4)).toBe('next');
    stream.destroy();
  });

  it('keeps a half-closed stream open for writing', async () => {
    await startHypervisor((socket) => {
      socket.end('OK 5\n');
      socket.pipe(socket, { end: false });
    });
    const stream = await dial(address());
    stream.resume();
    await once(stream, 'end');
    expect(stream.writable).toBe(true);
    stream.destroy();
  });

  it.each([
    ['closed at once', (socket: Socket) => socket.end()],
    ['closed within the response', (socket: Socket) => socket.end('OK 10')],
    ['destroyed', (socket: Socket) => socket.destroy()],
  ])('reports that no process listens yet: %s', async (_name, response) => {
    await startHypervisor(response);
    await expect(dial(address())).rejects.toMatchObject({ name: 'TransportError', code: 'not_there' });
  });

  it('reports that no process listens yet: no socket', async () => {
    await expect(dial(address())).rejects.toMatchObject({ code: 'not_there' });
  });

  it.each([
    ['nonsense', 'SSH-2.0-OpenSSH\r\n', 'expected "OK <port>", got "SSH-2.0-OpenSSH\\r"'],
    ['no port', 'OK\n', 'got "OK"'],
    ['an empty line', '\n', 'got ""'],
    ['another port than a number', 'OK -1\n', 'got "OK -1"'],
    ['bytes that are no text', '\xff\0\n', 'got "'],
    ['a line too long', `OK ${'1'.repeat(40)}\n`, 'response is longer than 32 bytes'],
    ['a line without an end', 'OK 1'.padEnd(100_000, '1'), 'response is longer than 32 bytes'],
  ])('refuses %s', async (_name, response, message) => {
    await startHypervisor((socket) => socket.write(response, 'latin1'));
    await expect(dial(address())).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['nothing', () => undefined],
    ['half a line', (socket: Socket) => socket.write('OK 12')],
  ])('gives up at its deadline when there comes %s, and closes', async (_name, response) => {
    const closed = Promise.withResolvers<void>();
    await startHypervisor((socket) => {
      response(socket);
      socket.resume();
    });
    // Of any connection: on a busy machine, the time is over before the port was requested.
    server!.on('connection', (socket) => socket.once('end', closed.resolve));
    await expect(dial(address(), { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'timeout',
      message: `Cannot connect to "hvsock://${address().path}:${PORT}": no connection within 30 ms`,
    });
    await closed.promise;
  });

  it('gives up when it is aborted', async () => {
    const controller = new AbortController();
    await startHypervisor(() => controller.abort('enough'));
    await expect(dial(address(), { signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
      cause: 'enough',
    });
  });
});
