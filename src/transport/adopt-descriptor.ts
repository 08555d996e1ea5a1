/**
 * Puts a descriptor that Node.js does not support (AF_VSOCK, a port of virtio-serial, an epoll) under a `net.Socket` or a
 * `net.Server`, so that libuv reads, writes and accepts on it in its own loop: no thread, no copy, the usual
 * back-pressure.
 *
 * `net.Socket` checks a descriptor once, when it is created, and refuses all but TCP and unix sockets ("Unsupported fd
 * type"). So it gets the descriptor of a new unix socket, and at once, before the loop of libuv has seen that descriptor,
 * dup3(2) replaces it. The operations of libuv on a unix stream, read, write, shutdown and accept4, do not require a unix
 * socket. Only documented options of node:net are used.
 *
 * Rejected: fs.read in the thread pool (four idle connections use up the pool, and one that blocks keeps the process from
 * ending), and a Worker that polls (4 MB and a thread for what libuv does anyway).
 */
import { createServer, type Server, Socket } from 'node:net';
import { AF_UNIX, type Libc } from './libc.ts';

/** Connections that wait to be accepted; what Node.js takes for its own servers. */
const BACKLOG = 511;

/** A stream over `descriptor`, which must not block. Closes it, also when it throws: the system's error. */
export function adoptStream(libc: Libc, descriptor: number): Socket {
  return closeOnError(libc, descriptor, () => {
    const [given, other] = libc.openSocketPair();
    const socket = new Socket({ fd: given, allowHalfOpen: true });
    libc.closeDescriptor(other);
    try {
      libc.moveDescriptor(descriptor, given);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return socket;
  });
}

/** A server that accepts on `descriptor`, a bound stream socket. Closes it, also when it throws: the system's error. */
export function adoptListener(libc: Libc, descriptor: number, onConnection: (socket: Socket) => void): Server {
  return closeOnError(libc, descriptor, () => {
    libc.listenOn(descriptor, BACKLOG);
    const server = createServer({ allowHalfOpen: true }, onConnection);
    const given = libc.openSocket(AF_UNIX);
    // An address of the family alone: the kernel chooses an abstract name, which is gone with dup3.
    closeOnError(libc, given, () => libc.bindSocket(given, Buffer.from(new Uint16Array([AF_UNIX]).buffer)));
    server.listen({ fd: given, backlog: BACKLOG });
    libc.moveDescriptor(descriptor, given);
    return server;
  });
}

function closeOnError<T>(libc: Libc, descriptor: number, adopt: () => T): T {
  try {
    return adopt();
  } catch (error) {
    libc.closeDescriptor(descriptor);
    throw error;
  }
}
