/**
 * How long a request for metrics waits for the agent. The first request waits until the call's deadline. After a call that
 * was slow or timed out, a request waits for a grace period only, so that a slow guest does not delay the host's metrics. The
 * call continues, and a result that arrives in time is used.
 */
import { SlowPeers } from '../../program/index.ts';

export interface PatienceOptions {
  /** The idle time of this process so far, in milliseconds. Default: the idle time of the event loop. */
  readonly idleNowMs?: () => number;
  /** A call that takes longer is slow, in milliseconds. Default 400: less than the monitor's threshold for a slow shim. */
  readonly slowMs?: number;
  /** The wait for a call of a kind that was slow, in milliseconds. Default 200: less than the monitor waits for a slow shim. */
  readonly graceMs?: number;
}

const { eventLoopUtilization } = performance;

const DEFAULT_SLOW_MS = 400;
const DEFAULT_GRACE_MS = 200;

export class Patience {
  readonly #idleNowMs: () => number;
  readonly #graceMs: number;
  readonly #peers: SlowPeers;

  constructor({
    idleNowMs = () => eventLoopUtilization().idle,
    slowMs = DEFAULT_SLOW_MS,
    graceMs = DEFAULT_GRACE_MS,
  }: PatienceOptions = {}) {
    this.#idleNowMs = idleNowMs;
    this.#graceMs = graceMs;
    this.#peers = new SlowPeers({ slowMs, lanes: 1 });
  }

  /** Runs a call of this kind and records its duration. */
  async time<T>(kind: string, call: () => Promise<T>): Promise<T> {
    const startMs = this.#idleNowMs();
    try {
      return await call();
    } finally {
      this.#peers.note(kind, this.#idleNowMs() - startMs);
    }
  }

  /** The result of a call of this kind, or `late` when the grace period is over. */
  async wait<T>(kind: string, call: Promise<T>, late: T): Promise<T> {
    if (!this.#peers.isLate(kind) && !this.#peers.isOnProbation(kind)) {
      return call;
    }
    const over = Promise.withResolvers<T>();
    const timer = setTimeout(() => over.resolve(late), this.#graceMs);
    try {
      return await Promise.race([call, over.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
