/**
 * Connects to a socket file. Called for `unix://` addresses, and for addresses that begin with a socket file.
 */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { withSocketPath } from '../socket-path/index.ts';
import { type DialOptions, dialWithin } from './dial-within.ts';

/**
 * Connects to a socket file.
 * @throws {TransportError} as `dial` does.
 */
export function dialUnix(path: string, options: DialOptions = {}): Promise<Socket> {
  return dialWithin(`unix://${path}`, options, (signal) => connectUnix(path, signal));
}

/**
 * The stream can be written to after the peer has ended its side.
 * @throws {Error} the system error.
 */
export async function connectUnix(path: string, signal: AbortSignal): Promise<Socket> {
  const socket = withSocketPath(path, (short) => createConnection({ path: short, allowHalfOpen: true }));
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    // A destroyed socket can still emit the system's error, which has been reported already.
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  }
}
