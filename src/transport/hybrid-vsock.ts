/**
 * The host's side of a hybrid vsock, as Firecracker and Cloud Hypervisor have it: a unix socket on which one line asks for
 * a port of the guest, and one line answers. Called for `hvsock://` addresses.
 * See docs/vsock.md of Firecracker, "Host-Initiated Connections".
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
const MAX_ANSWER_BYTES = 32;
const ANSWER = /^OK \d{1,10}$/;

/**
 * Rejects with the system's error, or a TransportError: `not_there` when the connection is closed before an answer, which
 * is what happens while nobody in the guest listens on the port, `protocol` when the answer is something else.
 */
export async function connectHybridVsock({ path, port }: HybridVsockAddress, signal: AbortSignal): Promise<Socket> {
  const socket = await connectUnix(path, signal);
  const doing = `Cannot connect to "hvsock://${path}:${port}"`;
  try {
    socket.write(`CONNECT ${port}\n`);
    const answer = await readLine(socket, doing, signal);
    if (!ANSWER.test(answer)) {
      throw new TransportError('protocol', `${doing}: expected "OK <port>", got ${JSON.stringify(answer)}`);
    }
    return socket;
  } catch (error) {
    // A destroyed socket can still report what the system says afterwards; it has been said already.
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  }
}

/** The first line without its end; what came behind it stays in the socket. */
async function readLine(socket: Socket, doing: string, signal: AbortSignal): Promise<string> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    await once(socket, 'readable', { signal });
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      throw new TransportError('not_there', `${doing}: closed before an answer`);
    }
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf('\n');
    if (end === -1 ? bytes.length > MAX_ANSWER_BYTES : end > MAX_ANSWER_BYTES) {
      const start = JSON.stringify(bytes.toString('latin1', 0, MAX_ANSWER_BYTES));
      throw new TransportError('protocol', `${doing}: answer is longer than ${MAX_ANSWER_BYTES} bytes: ${start}`);
    }
    if (end !== -1) {
      socket.unshift(bytes.subarray(end + 1));
      return bytes.toString('latin1', 0, end);
    }
  }
}
