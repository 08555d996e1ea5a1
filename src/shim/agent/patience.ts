/**
 * How long a request for metrics waits for the agent: once for as long as the call may take, and after a call that was slow
 * or not answered only for a grace period, so that a slow guest does not take the host's metrics with it. The call goes on
 * meanwhile, and what is in time is taken.
 */
import { SlowPeers } from '../../program/index.ts';

export interface PatienceOptions {
  /** For how long this program has had nothing to do so far, in milliseconds. Default: as the event loop counts it. */
  readonly idleNowMs?: () => number;
  /** A call that takes longer is slow. Default 400: less than what makes a shim slow for the monitor. */
  readonly slowMs?: number;
  /** What is waited for a call of a kind that was slow. Default 200: less than the monitor waits for a slow shim. */
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

  /** Makes a call of this kind, and notes how long it takes. */
  async time<T>(kind: string, call: () => Promise<T>): Promise<T> {
    const startMs = this.#idleNowMs();
    try {
      return await call();
    } finally {
      this.#peers.note(kind, this.#idleNowMs() - startMs);
    }
  }

  /** What comes of a call of this kind, or `late` when it is not waited for any longer. */
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
