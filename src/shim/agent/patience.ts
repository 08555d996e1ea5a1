/**
 * How long a request for metrics waits for the agent. The first request waits until the call's deadline. After a call that
 * was slow or timed out, a request waits for a grace period only, so that a slow guest does not delay the host's metrics.
 *
 * The call continues after that. Its result is kept for the next request of that kind, so that an agent which is healthy but
 * always slow is reported one request late instead of never. Whether the agent still responds is checked with that request:
 * a guest that was paused in the meantime must not look healthy.
 */
import { SlowPeers } from '../../program/index.ts';

export interface PatienceOptions {
  /** The idle time of this process so far, in milliseconds. Default: the idle time of the event loop. */
  readonly idleNowMs?: () => number;
  /** Milliseconds that only go up. Default: `performance.now`. */
  readonly now?: () => number;
  /** A call that takes longer is slow, in milliseconds. Default 400: less than the monitor's threshold for a slow shim. */
  readonly slowMs?: number;
  /** The wait for a call of a kind that was slow, in milliseconds. Default 200: less than the monitor waits for a slow shim. */
  readonly graceMs?: number;
}

export interface WaitOptions<T> {
  /** The result when the grace period is over, from the kept one if there is one that may be used. */
  readonly toLate: (kept: T | undefined) => T;
  /** Sends a cheap request to the agent. Called before `call` and only if a kept result could be used; never rejects. */
  readonly isResponsive: () => Promise<boolean>;
}

interface Kept {
  readonly result: unknown;
  readonly endMs: number;
}

const { eventLoopUtilization } = performance;

const DEFAULT_SLOW_MS = 400;
const DEFAULT_GRACE_MS = 200;
/** Twice a scrape interval of one minute, which is longer than most. */
const MAX_KEPT_MS = 120_000;

export class Patience {
  readonly #idleNowMs: () => number;
  readonly #now: () => number;
  readonly #graceMs: number;
  readonly #peers: SlowPeers;
  /** Results that came after their request had stopped waiting, by kind: the last one of each. */
  readonly #kept = new Map<string, Kept>();

  constructor({
    idleNowMs = () => eventLoopUtilization().idle,
    now = () => performance.now(),
    slowMs = DEFAULT_SLOW_MS,
    graceMs = DEFAULT_GRACE_MS,
  }: PatienceOptions = {}) {
    this.#idleNowMs = idleNowMs;
    this.#now = now;
    this.#graceMs = graceMs;
    this.#peers = new SlowPeers({ slowMs, lanes: 1 });
  }

  /** Runs a call of this kind and records its duration. `isWorthKeeping`: whether the next request may have its result. */
  async time<T>(kind: string, call: () => Promise<T>, isWorthKeeping: (result: T) => boolean): Promise<T> {
    const startMs = this.#idleNowMs();
    // A result is never returned after a later call has ended, however that did.
    let kept: Kept | undefined;
    try {
      const result = await call();
      kept = isWorthKeeping(result) ? { result, endMs: this.#now() } : undefined;
      return result;
    } finally {
      this.#peers.note(kind, this.#idleNowMs() - startMs);
      this.#keep(kind, kept);
    }
  }

  /** The result of a call of this kind, which requests may share, or `toLate` after the grace period. */
  async wait<T>(kind: string, call: () => Promise<T>, { toLate, isResponsive }: WaitOptions<T>): Promise<T> {
    if (!this.#isGraceOnly(kind)) {
      const result = await call();
      this.#kept.delete(kind);
      return result;
    }
    const kept = this.#keptOf(kind);
    let respondedInTime = false;
    // Before the call, which keeps an agent with one thread busy.
    void (
      kept &&
      isResponsive().then((isIt) => {
        respondedInTime = isIt;
      })
    );
    const over = Promise.withResolvers<typeof LATE>();
    const timer = setTimeout(() => over.resolve(LATE), this.#graceMs);
    try {
      const result = await Promise.race([call(), over.promise]);
      if (result !== LATE) {
        this.#kept.delete(kind);
        return result;
      }
      return toLate(respondedInTime ? (kept?.result as T | undefined) : undefined);
    } finally {
      clearTimeout(timer);
    }
  }

  #isGraceOnly(kind: string): boolean {
    return this.#peers.isLate(kind) || this.#peers.isOnProbation(kind);
  }

  #keep(kind: string, kept: Kept | undefined): void {
    if (kept !== undefined && this.#isGraceOnly(kind)) {
      this.#kept.set(kind, kept);
    } else {
      this.#kept.delete(kind);
    }
    // Kinds that are no longer requested, such as a container that was removed.
    for (const known of this.#kept.keys()) {
      this.#keptOf(known);
    }
  }

  #keptOf(kind: string): Kept | undefined {
    const kept = this.#kept.get(kind);
    if (kept !== undefined && this.#now() - kept.endMs > MAX_KEPT_MS) {
      this.#kept.delete(kind);
      return undefined;
    }
    return kept;
  }
}

const LATE = Symbol('the grace period is over');
