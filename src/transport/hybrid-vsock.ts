/**
 * The host side of a hybrid vsock of Firecracker and Cloud Hypervisor: a unix socket on which one line requests a port of
 * the guest, and one line is the response. Called for `hvsock://` addresses. See firecracker/docs/vsock.md,
 * "Host-Initiated Connections".
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connectUnix } from './dial-unix.ts';
import { TransportError } from './transport-error.ts';

export interface HybridVsockAddress {
  readonly path: string;
  readonly port: number;
}

/** `OK 4294967295` without its newline has 13. */
const MAX_RESPONSE_BYTES = 32;
const RESPONSE = /^OK \d{1,10}$/;

/**
 * @throws {Error} the system error, or a TransportError: `not_there` when the connection is closed before a response, as
 * happens while no process in the guest listens on the port, `protocol` when the response is invalid.
 */
export async function connectHybridVsock({ path, port }: HybridVsockAddress, signal: AbortSignal): Promise<Socket> {
  const socket = await connectUnix(path, signal);
  const doing = `Cannot connect to "hvsock://${path}:${port}"`;
  try {
    socket.write(`CONNECT ${port}\n`);
    const response = await readLine(socket, doing, signal);
    if (!RESPONSE.test(response)) {
      throw new TransportError('protocol', `${doing}: expected "OK <port>", got ${JSON.stringify(response)}`);
    }
    return socket;
  } catch (error) {
    // A destroyed socket can still emit the system's error, which has been reported already.
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  }
}

/** The first line without its end; the bytes after it stay in the socket. */
async function readLine(socket: Socket, doing: string, signal: AbortSignal): Promise<string> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    await once(socket, 'readable', { signal });
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      throw new TransportError('not_there', `${doing}: closed before a response`);
    }
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf('\n');
    if (end === -1 ? bytes.length > MAX_RESPONSE_BYTES : end > MAX_RESPONSE_BYTES) {
      const start = JSON.stringify(bytes.toString('latin1', 0, MAX_RESPONSE_BYTES));
      throw new TransportError('protocol', `${doing}: response is longer than ${MAX_RESPONSE_BYTES} bytes: ${start}`);
    }
    if (end !== -1) {
      socket.unshift(bytes.subarray(end + 1));
      return bytes.toString('latin1', 0, end);
    }
  }
}
