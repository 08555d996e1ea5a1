/**
 * The timeout and the signal of connecting, the same for every kind of address. Called by all functions of this module
 * that connect.
 */
import { addAbortListener } from 'node:events';
import { TransportError, toDialError } from './transport-error.ts';

export interface DialOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: as long as the system takes. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Runs `connect`, which must reject and release everything when its signal is aborted. `address` is for the message.
 * @throws {TransportError} `timeout` and `aborted` by the options, anything else by what `connect` threw.
 */
export async function dialWithin<T>(
  address: string,
  { signal, timeoutMs }: DialOptions,
  connect: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const doing = `Cannot connect to "${address}"`;
  const giveUp = new AbortController();
  const onAbort = (): void => {
    giveUp.abort(new TransportError('aborted', `${doing}: aborted`, { cause: signal?.reason }));
  };
  const onTimeout = (): void => {
    giveUp.abort(new TransportError('timeout', `${doing}: no connection within ${timeoutMs} ms`));
  };
  if (signal?.aborted) {
    onAbort();
    throw giveUp.signal.reason;
  }
  const listener = signal && addAbortListener(signal, onAbort);
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
  try {
    return await connect(giveUp.signal);
  } catch (error) {
    throw giveUp.signal.aborted ? giveUp.signal.reason : toDialError(address, error);
  } finally {
    clearTimeout(timer);
    listener?.[Symbol.dispose]();
  }
}
