/**
 * Limits the connections of a server without letting those that do nothing lock others out: one that comes when there are
 * as many as there may be takes the place of the one that has been idle for longest. A connection is idle before its first
 * request is read and between two requests.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Beyond the limit, for connections that come while all others have a request under way. */
const RESERVE = 16;

/** At most `max` connections; `server` is an HTTP or HTTPS server that does not listen yet. */
export function limitConnections(server: Server, max: number): void {
  // The longest idle first. Keys are TCP connections, for TLS puts a second socket on top of the first.
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

/** A connection over TCP by its other end; over a unix socket, which has no TLS, the socket itself. */
function keyOf(socket: Socket): unknown {
  const { remoteAddress, remotePort } = socket;
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`;
}
