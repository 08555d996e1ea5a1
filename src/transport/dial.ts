/**
 * A stream to an address, within a time. Called by clients of the agent. Never retries: who calls knows when that makes
 * sense.
 */
import { createConnection, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Address, formatAddress } from './address.ts';
import { TransportError, toTransportError } from './transport-error.ts';

export interface DialOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: as long as the system takes. */
  readonly timeoutMs?: number | undefined;
}

/** Connects. Rejects with a TransportError: `missing`, `refused`, `timeout`, `aborted`, `not_supported` or `io`. */
export async function dial(address: Address, options: DialOptions = {}): Promise<Duplex> {
  if (address.kind !== 'unix') {
    throw new TransportError(
      'not_supported',
      `Cannot connect to "${formatAddress(address)}": ${address.kind} is not supported yet`,
    );
  }
  return dialUnix(address.path, options);
}

/** Connects to a socket file. */
export function dialUnix(path: string, { signal, timeoutMs }: DialOptions = {}): Promise<Socket> {
  const doing = `Cannot connect to "unix://${path}"`;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  if (signal?.aborted) {
    reject(new TransportError('aborted', `${doing}: aborted`, { cause: signal.reason }));
    return promise;
  }
  const socket = createConnection({ path });
  const give = (error: TransportError): void => {
    stopWaiting();
    // Destroyed sockets can still report what the system says afterwards; it has been said already.
    socket.on('error', () => undefined);
    socket.destroy();
    reject(error);
  };
  const onError = (error: Error): void => give(toTransportError(doing, error));
  const onAbort = (): void => give(new TransportError('aborted', `${doing}: aborted`, { cause: signal?.reason }));
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(
          () => give(new TransportError('timeout', `${doing}: no connection within ${timeoutMs} ms`)),
          timeoutMs,
        );
  const stopWaiting = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    socket.off('error', onError);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  socket.once('error', onError);
  socket.once('connect', () => {
    stopWaiting();
    resolve(socket);
  });
  return promise;
}
