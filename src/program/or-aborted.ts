/**
 * Waiting for work that cannot be cancelled, until a signal says that no caller waits for it any more.
 */
import { addAbortListener } from 'node:events';

/**
 * Resolves to the value of `work`, which continues after an abort; its outcome is ignored then.
 * @param signal default: waits for the work, however long that takes
 * @throws what the work throws, or the signal's reason, whichever comes first
 */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) {
    return work;
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  const listener = addAbortListener(signal, onAbort);
  if (signal.aborted) {
    onAbort();
  }
  try {
    return await Promise.race([aborted, work]);
  } finally {
    listener[Symbol.dispose]();
  }
}
