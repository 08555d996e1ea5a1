/**
 * Determines when to retry after a failure: an exponential back-off with jitter, so that the shims of a node do not retry
 * at the same time. Used for connecting to the agent and for restarting it. Has no timer: the caller waits.
 */

export interface BackOffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Milliseconds that only go up. */
  readonly now: () => number;
  /** Returns a number from 0 to less than 1. */
  readonly random: () => number;
}

/** The jitter, as a part of the delay. */
const JITTER = 0.2;

export class BackOff {
  readonly #options: BackOffOptions;
  #failures = 0;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** Milliseconds until the next try is due; 0 when it is. */
  remainingMs(): number {
    return Math.max(0, this.#notBefore - this.#options.now());
  }

  /** Returns the wait in milliseconds. */
  fail(): number {
    const { firstMs, maxMs, now, random } = this.#options;
    const fullMs = Math.min(maxMs, firstMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#notBefore = now() + fullMs * (1 - JITTER * random());
    return this.remainingMs();
  }

  succeed(): void {
    this.#failures = 0;
    this.#notBefore = Number.NEGATIVE_INFINITY;
  }
}
