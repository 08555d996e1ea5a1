/**
 * Listens on an address and passes on connected streams. Called by the agent. Independent of the protocol on the streams.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Address, formatAddress } from './address.ts';
import { bindUnixSocket } from './bind-unix-socket.ts';
import { listenOnPort } from './serial/serial-port.ts';
import { TransportError, toListenError } from './transport-error.ts';
import { listenVsock, type VsockAddress } from './vsock.ts';

export interface Listener {
  /** The requested address; a port 0 or any is replaced by the port that the system chose. */
  readonly address: Address;
  /** Accepts no further connections, destroys the remaining ones, and removes the socket file. Can be called again. */
  close(): Promise<void>;
}

/**
 * Listens. The streams end their own side only on request.
 * @throws {TransportError} `in_use`, `not_a_socket`, `missing`, `not_there`, `not_supported` or `io`.
 */
export async function listen(address: Address, onConnection: (stream: Duplex) => void): Promise<Listener> {
  try {
    switch (address.kind) {
      case 'unix':
        return await listenOnPath(address.path, onConnection);
      case 'vsock':
        return await listenOnVsock(address, onConnection);
      case 'serial':
        return { address, ...(await listenOnPort(address.port, onConnection)) };
      case 'remote':
        throw new TransportError(
          'not_supported',
          `Cannot listen on "${formatAddress(address)}": the program that forwards to the peer pod does`,
        );
      case 'hvsock':
      case 'serial+unix':
        throw new TransportError(
          'not_supported',
          `Cannot listen on "${formatAddress(address)}": the hypervisor has this side`,
        );
    }
  } catch (error) {
    throw toListenError(formatAddress(address), error);
  }
}

async function listenOnPath(path: string, onConnection: (stream: Duplex) => void): Promise<Listener> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => keepOpen(open, socket, onConnection));
  await bindUnixSocket(server, path);
  return toListener({ kind: 'unix', path }, server, open);
}

async function listenOnVsock(requested: VsockAddress, onConnection: (stream: Duplex) => void): Promise<Listener> {
  const open = new Set<Socket>();
  const { server, address } = await listenVsock(requested, (socket) => keepOpen(open, socket, onConnection));
  await once(server, 'listening');
  return toListener({ kind: 'vsock', ...address }, server, open);
}

function keepOpen(open: Set<Socket>, socket: Socket, onConnection: (stream: Duplex) => void): void {
  open.add(socket);
  socket.once('close', () => open.delete(socket));
  // A peer that resets before anyone has begun to listen must not end the program; users of the stream hear of it too.
  socket.on('error', () => undefined);
  onConnection(socket);
}

function toListener(address: Address, server: Server, open: ReadonlySet<Socket>): Listener {
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of open) {
        socket.destroy();
      }
    });
    return closing;
  };
  return { address, close };
}
