/**
 * One round of asking all shims of the node, which several scrapes can wait for. Well shims are asked so many at a time;
 * late ones are queried at the same time and cost the others no more than a moment.
 */
import type { Sandbox } from '../../sandboxes/index.ts';
import { type AskShares, outOfPatience, type ShimAsker } from './ask-shims.ts';
import type { Collected, SandboxResult } from './sandbox-result.ts';

export interface CollectionOptions {
  readonly asker: ShimAsker;
  readonly shimTimeoutMs: number;
  /** Requests at the same time, in all. */
  readonly maxShimRequests: number;
  /** How much longer than for the others a scrape waits for shims that are late or on probation. */
  readonly hungGraceMs: number;
}

/** The part of `maxShimRequests` that late shims can take; the rest is always left for the others. */
const LATE_SHARE = 1 / 4;

/** A request ends so much before the time of the scrape does, so that whole families of a cut answer are still taken. */
const SETTLE_MS = 20;

export class Collection {
  readonly sandboxes: readonly Sandbox[];
  /** Resolves when there is nothing more to wait for; never rejects. */
  readonly finished: Promise<void>;
  readonly #options: CollectionOptions;
  readonly #untilMs: number;
  readonly #results = new Map<string, SandboxResult>();
  /** Ids of sandboxes that were no longer there when they were asked. */
  readonly #gone = new Set<string>();
  readonly #abort = new AbortController();
  readonly #shares: AskShares;
  #waiting = 0;
  /** Those who read the results. */
  #readers = 0;

  /** `untilMs`: when it has to be over, as `performance.now()` counts. */
  constructor(sandboxes: readonly Sandbox[], untilMs: number, options: CollectionOptions) {
    this.sandboxes = sandboxes;
    this.#options = options;
    this.#untilMs = untilMs;
    this.#shares = options.asker.makeShares();
    this.finished = this.#run();
  }

  /** Whether all who waited are done with it: its results are of no use to anybody else. */
  get isOver(): boolean {
    return this.#abort.signal.aborted;
  }

  /**
   * Waits until it is finished or `untilMs`, and gives a result for each sandbox that has not gone, in the order of their
   * ids: for those that have none, that the time was over. When all who wait have gone away by their signals, the requests end too.
   * @throws the signal's reason
   */
  async wait(untilMs: number, signal: AbortSignal): Promise<Collected> {
    signal.throwIfAborted();
    this.#waiting++;
    const left = Promise.withResolvers<void>();
    let why: Error = new Error('Nobody waits for the answer any more');
    const timeOver = (): void => {
      why = new DOMException('The time of the scrape is over', 'TimeoutError');
      left.resolve();
    };
    const timer = setTimeout(timeOver, Math.max(0, untilMs - performance.now()));
    const leave = (): void => left.reject(signal.reason);
    signal.addEventListener('abort', leave);
    try {
      await Promise.race([this.finished, left.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      if (--this.#waiting === 0) {
        this.#abort.abort(why);
      }
    }
    const present = this.sandboxes.filter(({ id }) => !this.#gone.has(id));
    const results = present.map((sandbox) => this.#results.get(sandbox.id) ?? this.#options.asker.giveUp(sandbox));
    this.#readers++;
    return { results, release: () => this.#release() };
  }

  #release(): void {
    if (--this.#readers === 0 && this.isOver) {
      this.#shares.slabs.release();
      this.#results.clear();
    }
  }

  async #run(): Promise<void> {
    const { asker, maxShimRequests } = this.#options;
    const late = asker.pickLate(this.sandboxes);
    const areLate = new Set(late);
    const others = this.sandboxes.filter((sandbox) => !areLate.has(sandbox));
    const lateShare = Math.max(1, Math.floor(maxShimRequests * LATE_SHARE));
    const lanes = Math.max(1, maxShimRequests - Math.min(late.length, lateShare));
    const lateDone = this.#queryLate(late, lateShare);
    const patience = new AbortController();
    const endPatience = (): void => patience.abort(this.#abort.signal.reason);
    this.#abort.signal.addEventListener('abort', endPatience);
    const { fastDone, allDone } = this.#queryOthers(others, lanes, patience.signal);
    await fastDone;
    await this.#waitALittle(Promise.all([allDone, lateDone]));
    this.#abort.signal.removeEventListener('abort', endPatience);
    patience.abort(outOfPatience);
  }

  /** What is left of them when the others are done goes on by itself, to its own end: at most one request a shim. */
  async #queryLate(late: readonly Sandbox[], share: number): Promise<void> {
    const { asker } = this.#options;
    // Requests that earlier scrapes have left to themselves take their part of the share, and are only listened to.
    const underWay = late.filter((sandbox) => asker.isUnderWay(sandbox));
    const resting = late.filter((sandbox) => !asker.isUnderWay(sandbox));
    const lanes = Math.min(resting.length, Math.max(0, share - underWay.length));
    const never = new AbortController().signal;
    await Promise.all([
      this.#askAll(toRequests(underWay, never), underWay.length),
      this.#askAll(toRequests(resting, never), lanes),
    ]);
  }

  /** Those on probation take what the fast ones leave free, and end when the scrape waits no longer, by `patience`. */
  #queryOthers(
    sandboxes: readonly Sandbox[],
    lanes: number,
    patience: AbortSignal,
  ): { readonly fastDone: Promise<void>; readonly allDone: Promise<void> } {
    const { asker } = this.#options;
    const fast = sandboxes.filter((sandbox) => !asker.isOnProbation(sandbox));
    const probation = sandboxes.filter((sandbox) => asker.isOnProbation(sandbox));
    let left = fast.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    const onDone = (index: number): void => {
      if (index < fast.length && --left === 0) {
        resolve();
      }
    };
    const requests = [...toRequests(fast, this.#abort.signal), ...toRequests(probation, patience)];
    const allDone = this.#askAll(requests, lanes, onDone);
    return { fastDone: left === 0 ? Promise.resolve() : Promise.race([promise, allDone]), allDone };
  }

  async #askAll(requests: readonly Request[], lanes: number, onDone?: (index: number) => void): Promise<void> {
    const { asker, shimTimeoutMs } = this.#options;
    let next = 0;
    const takeTurns = async (): Promise<void> => {
      for (let i = next++; i < requests.length; i = next++) {
        const { sandbox, signal } = requests[i]!;
        const leftMs = this.#untilMs - performance.now() - SETTLE_MS;
        if (leftMs <= 0 || this.isOver || signal.aborted) {
          return;
        }
        const timeoutMs = Math.min(shimTimeoutMs, leftMs);
        const result = await asker.ask(sandbox, { timeoutMs, signal }, this.#shares);
        if (result === undefined) {
          this.#gone.add(sandbox.id);
        } else if (signal.reason !== outOfPatience) {
          this.#results.set(sandbox.id, result);
        }
        onDone?.(i);
      }
    };
    await Promise.all(Array.from({ length: Math.min(lanes, requests.length) }, takeTurns));
  }

  /** For what may come yet, but no longer than the grace period, nor beyond the time of the scrape. */
  async #waitALittle(done: Promise<unknown>): Promise<void> {
    const graceOver = Promise.withResolvers<void>();
    const graceMs = Math.max(0, Math.min(this.#options.hungGraceMs, this.#untilMs - performance.now()));
    const timer = setTimeout(graceOver.resolve, graceMs).unref();
    await Promise.race([done, graceOver.promise]);
    clearTimeout(timer);
  }
}

interface Request {
  readonly sandbox: Sandbox;
  readonly signal: AbortSignal;
}

function toRequests(sandboxes: readonly Sandbox[], signal: AbortSignal): Request[] {
  return sandboxes.map((sandbox) => ({ sandbox, signal }));
}
