/**
 * Reads messages from an iterable of the caller or the handler and writes them to a stream, one after the other, no
 * faster than the stream accepts them. Used by both sides.
 */
import { addAbortListener } from 'node:events';

export interface PumpOptions<T> {
  messages: AsyncIterable<T> | Iterable<T>;
  /** Hands over one message; resolves when the next may follow. */
  write: (message: T) => Promise<void>;
  /** Aborted when no more items are needed. The iterable is then stopped, also while it waits. */
  signal: AbortSignal;
}

/**
 * Resolves at the end of the iterable or on abort.
 * @throws what the iterable or `write` throws.
 */
export async function pump<T>(options: PumpOptions<T>): Promise<void> {
  const { signal, write } = options;
  const iterator = openIterator(options.messages);
  const stop = (): void => {
    // The call has ended: there is no receiver for an error.
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  };
  if (signal.aborted) {
    stop();
    return;
  }
  const listener = addAbortListener(signal, stop);
  try {
    for (;;) {
      const result = await iterator.next();
      if (result.done || signal.aborted) {
        return;
      }
      await write(result.value);
    }
  } catch (error) {
    if (!signal.aborted) {
      stop();
    }
    throw error;
  } finally {
    listener[Symbol.dispose]();
  }
}

function openIterator<T>(messages: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> {
  return Symbol.asyncIterator in messages ? messages[Symbol.asyncIterator]() : messages[Symbol.iterator]();
}
