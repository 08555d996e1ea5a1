/**
 * Limits the events that each sandbox may cause: a burst, then one per interval. An event over the limit waits until the
 * sandbox may cause one again, unless a later event of the same sandbox replaces it. So the last state is always
 * reported.
 */
import type { Clock } from '../../program/index.ts';

export interface EventAllowanceOptions<E> {
  readonly clock: Clock;
  /** Called at once, or later; `suppressed`: events of the same sandbox that this one has replaced. */
  readonly release: (event: E, suppressed: number) => void;
}

/** A life has 6 events; this is several in a row. */
export const BURST = 30;
/** Time for one more event. */
export const REFILL_MS = 2000;

interface Bucket {
  tokens: number;
  /** When the tokens were counted. */
  countedMs: number;
  waiting: unknown;
  suppressed: number;
  isWaiting: boolean;
}

export class EventAllowance<E> {
  readonly #options: EventAllowanceOptions<E>;
  readonly #buckets = new Map<string, Bucket>();
  #cancelTimer: (() => void) | undefined;

  constructor(options: EventAllowanceOptions<E>) {
    this.#options = options;
  }

  /** Releases the event, or keeps it for later. */
  offer(sandboxId: string, event: E): void {
    const bucket = this.#fill(sandboxId);
    if (bucket.isWaiting) {
      bucket.suppressed++;
      bucket.waiting = event;
    } else if (bucket.tokens >= 1) {
      bucket.tokens--;
      this.#options.release(event, 0);
    } else {
      bucket.isWaiting = true;
      bucket.waiting = event;
    }
    this.#cancelTimer ??= this.#options.clock.after(REFILL_MS, () => this.#sweep());
  }

  close(): void {
    this.#cancelTimer?.();
    this.#buckets.clear();
  }

  #fill(sandboxId: string): Bucket {
    const nowMs = this.#options.clock.nowMs();
    let bucket = this.#buckets.get(sandboxId);
    if (bucket === undefined) {
      bucket = { tokens: BURST, countedMs: nowMs, waiting: undefined, suppressed: 0, isWaiting: false };
      this.#buckets.set(sandboxId, bucket);
    }
    bucket.tokens = Math.min(BURST, bucket.tokens + Math.max(0, nowMs - bucket.countedMs) / REFILL_MS);
    bucket.countedMs = nowMs;
    return bucket;
  }

  /** Releases what may be released by now, and forgets sandboxes that were quiet. */
  #sweep(): void {
    this.#cancelTimer = undefined;
    for (const id of [...this.#buckets.keys()]) {
      const bucket = this.#fill(id);
      if (bucket.isWaiting && bucket.tokens >= 1) {
        const { waiting, suppressed } = bucket;
        bucket.tokens--;
        bucket.waiting = undefined;
        bucket.suppressed = 0;
        bucket.isWaiting = false;
        this.#options.release(waiting as E, suppressed);
      } else if (bucket.tokens >= BURST) {
        this.#buckets.delete(id);
      }
    }
    if (this.#buckets.size > 0) {
      this.#cancelTimer = this.#options.clock.after(REFILL_MS, () => this.#sweep());
    }
  }
}
