/**
 * A listener on an address that hands out connected streams. Called by the agent. Knows nothing of what is spoken on them.
 */
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Address, formatAddress } from './address.ts';
import { bindUnixSocket } from './bind-unix-socket.ts';
import { TransportError } from './transport-error.ts';

export interface Listener {
  readonly address: Address;
  /** Takes no more connections, destroys those that are left, removes the socket file. Can be called again. */
  close(): Promise<void>;
}

/** Listens. Rejects with a TransportError: `in_use`, `not_a_socket`, `missing`, `not_supported` or `io`. */
export async function listen(address: Address, onConnection: (stream: Duplex) => void): Promise<Listener> {
  if (address.kind !== 'unix') {
    throw new TransportError(
      'not_supported',
      `Cannot listen on "${formatAddress(address)}": ${address.kind} is not supported yet`,
    );
  }
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // A peer that resets before anyone has begun to listen must not end the program; users of the stream hear of it too.
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await bindUnixSocket(server, address.path);
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
