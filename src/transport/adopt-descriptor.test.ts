import { once } from 'node:events';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readToEnd } from '../../test/support/read-to-end.ts';
import { adoptListener, adoptStream } from './adopt-descriptor.ts';
import { connectUnix } from './dial-unix.ts';
import { AF_UNIX, EPOLLIN, EPOLLOUT, type Libc, loadLibc } from './libc.ts';
import { waitForEvents, waitForPeer } from './wait-for-descriptor.ts';

/** No descriptor has this number. */
const NO_DESCRIPTOR = 0x7fff_ffff;

let libc: Libc;
const open = new Set<Socket>();
beforeAll(async () => {
  libc = await loadLibc();
});
afterEach(() => {
  for (const socket of open) {
    socket.destroy();
  }
  open.clear();
});

const adopt = (descriptor: number): Socket => {
  const socket = adoptStream(libc, descriptor);
  open.add(socket);
  return socket;
};

describe('adoptStream', () => {
  it('reads and writes what the descriptor is, and keeps half-close', async () => {
    const [a, b] = libc.openSocketPair().map(adopt) as [Socket, Socket];
    a.end('question');
    expect(await readToEnd(b)).toBe('question');
    b.end('answer');
    expect(await text(a)).toBe('answer');
  });

  it('closes the descriptor when it is closed', async () => {
    const [descriptor, other] = libc.openSocketPair();
    const socket = adopt(descriptor);
    const peer = adopt(other);
    socket.destroy();
    await once(peer.resume(), 'end');
  });

  it('makes the writer wait while no peer reads', async () => {
    const [a, b] = libc.openSocketPair().map(adopt) as [Socket, Socket];
    b.pause();
    const message = Buffer.alloc(1024 * 1024, 'x');
    expect(a.write(message)).toBe(false);
    await nextTurn();
    expect(a.writableLength).toBe(message.length);
    a.end();
    expect((await text(b)).length).toBe(message.length);
  });

  it('throws the system error for a descriptor that is none', () => {
    expect(() => adoptStream(libc, NO_DESCRIPTOR)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });
});

describe('adoptListener', () => {
  it('accepts connections on the descriptor', async () => {
    const descriptor = libc.openSocket(AF_UNIX);
    const name = `\0adopt-listener-${process.pid}`;
    libc.bindSocket(descriptor, Buffer.concat([Buffer.from(new Uint16Array([AF_UNIX]).buffer), Buffer.from(name)]));
    const server = adoptListener(libc, descriptor, (socket) => socket.end('accepted'));
    await once(server, 'listening');
    const client = await connectUnix(name, new AbortController().signal);
    expect(await text(client)).toBe('accepted');
    const closed = once(server, 'close');
    client.destroy();
    server.close();
    await closed;
  });
});

describe('waiting for a descriptor', () => {
  it('wakes when there is something to read, and not before', async () => {
    const [watched, other] = libc.openSocketPair();
    const peer = adopt(other);
    let hasWoken = false;
    const waiting = waitForEvents(libc, watched, EPOLLIN, new AbortController().signal).then(() => {
      hasWoken = true;
    });
    await nextTurn();
    expect(hasWoken).toBe(false);
    peer.write('x');
    await waiting;
    expect(await once(adopt(watched), 'data')).toEqual([Buffer.from('x')]);
  });

  it('wakes at once when it is so already', async () => {
    const [watched, other] = libc.openSocketPair();
    await waitForEvents(libc, watched, EPOLLOUT, new AbortController().signal);
    await waitForPeer(libc, watched, new AbortController().signal);
    adopt(watched);
    adopt(other);
  });

  it('waits for a peer of one that is disconnected, until it is aborted', async () => {
    const [watched, other] = libc.openSocketPair();
    libc.closeDescriptor(other);
    const controller = new AbortController();
    const waiting = waitForPeer(libc, watched, controller.signal);
    await nextTurn();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    libc.closeDescriptor(watched);
  });
});

describe('errors of the C library', () => {
  it.each([
    ['a descriptor that is none', () => libc.closeDescriptor(NO_DESCRIPTOR), 'EBADF', 'close'],
    ['a family that is none', () => libc.openSocket(255), 'EAFNOSUPPORT', 'socket'],
    ['an address without a listener', () => connectWithoutListener(), 'ECONNREFUSED', 'connect'],
  ])('says %s', (_name, call, code, syscall) => {
    expect(call).toThrow(expect.objectContaining({ code, syscall, message: `${syscall} ${code}` }));
  });

  const connectWithoutListener = (): void => {
    const descriptor = libc.openSocket(AF_UNIX);
    try {
      libc.connectSocket(descriptor, Buffer.from('\x01\0\0nobody', 'latin1'));
    } finally {
      libc.closeDescriptor(descriptor);
    }
  };
});
