/**
 * A semaphore: limits concurrent work. Waiting callers are served in order.
 */
import { addAbortListener } from 'node:events';
export class Semaphore {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(max: number) {
    this.#free = max;
  }

  /** Takes a place if one is free. */
  tryAcquire(): boolean {
    if (this.#free === 0) {
      return false;
    }
    this.#free--;
    return true;
  }

  /**
   * Waits for a place and takes it.
   * @throws the signal's reason, when it fires before
   */
  async acquire(signal: AbortSignal): Promise<void> {
    if (this.tryAcquire()) {
      return;
    }
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      this.#waiting.delete(resolve);
      reject(signal.reason);
    };
    const listener = addAbortListener(signal, leave);
    this.#waiting.add(resolve);
    try {
      await promise;
    } finally {
      listener[Symbol.dispose]();
    }
  }

  /** Gives a place to the caller that has waited longest, or back. */
  release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}
