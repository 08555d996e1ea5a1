/**
 * Limits the connections of a server such that idle connections cannot lock out other clients: at the limit, a new
 * connection replaces the one that has been idle for longest. A connection is idle before its first request is read and
 * between two requests.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Connections beyond the limit, for new ones that arrive while all others have a request in progress. */
const RESERVE = 16;

/** Limits `server`, an HTTP or HTTPS server that does not listen yet, to `max` connections. */
export function limitConnections(server: Server, max: number): void {
  // Longest idle first. The key identifies the TCP connection, because TLS has a second socket on top of the first.
  const idle = new Map<unknown, Socket>();
  let open = 0;
  server.maxConnections = max + RESERVE;
  server.on('connection', (socket: Socket) => {
    open++;
    const key = keyOf(socket);
    idle.set(key, socket);
    socket.once('close', () => {
      open--;
      idle.delete(key);
    });
    const [longestIdle] = idle.keys();
    if (open > max && longestIdle !== key) {
      idle.get(longestIdle)?.destroy();
      idle.delete(longestIdle);
    }
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const key = keyOf(socket);
    idle.delete(key);
    response.once('close', () => {
      if (!socket.destroyed) {
        idle.set(key, socket);
      }
    });
  });
}

/** Key of a connection: the remote address over TCP; the socket itself over a unix socket, which has no TLS. */
function keyOf(socket: Socket): unknown {
  const { remoteAddress, remotePort } = socket;
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`;
}
