/**
 * One scrape of all shims of the node, which several requests can wait for. Shims that are on time are scraped with a limit of
 * concurrent requests. Late shims are scraped concurrently and delay the others only by a short grace period.
 */

import { addAbortListener } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { orAborted } from '../../program/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { Collected, SandboxResult } from './sandbox-result.ts';
import { noLongerAwaited, type ScrapeShares, type ShimScraper } from './shim-scraper.ts';

export interface CollectionOptions {
  readonly scraper: ShimScraper;
  readonly shimTimeoutMs: number;
  /** Limit of concurrent requests in total. */
  readonly maxShimRequests: number;
  /** How long a scrape waits for shims that are late or on probation, after all others have responded. */
  readonly lateGraceMs: number;
}

/** The part of `maxShimRequests` that late shims can occupy; the rest is reserved for the others. */
const LATE_SHARE = 1 / 4;

/** Requests time out this long before the scrape does, so that complete families of a truncated response are still used. */
const SETTLE_MS = 20;

export class Collection {
  readonly sandboxes: readonly Sandbox[];
  /** Resolves when the collection has ended; never rejects. */
  readonly finished: Promise<void>;
  readonly #options: CollectionOptions;
  readonly #untilMs: number;
  readonly #results = new Map<string, SandboxResult>();
  /** Ids of sandboxes that were gone when they were scraped. */
  readonly #gone = new Set<string>();
  readonly #abort = new AbortController();
  readonly #shares: ScrapeShares;
  /** Whether cancelled requests have had their time to end: results that come later are dropped. */
  #isSettled = false;
  #waiting = 0;
  /** Number of callers that read the results. */
  #readers = 0;

  /** `untilMs`: when the collection must end, in the time of `performance.now()`. */
  constructor(sandboxes: readonly Sandbox[], untilMs: number, options: CollectionOptions) {
    this.sandboxes = sandboxes;
    this.#options = options;
    this.#untilMs = untilMs;
    this.#shares = options.scraper.makeShares();
    this.finished = this.#run();
  }

  /** Whether every caller has stopped waiting; no further caller may join then. */
  get isOver(): boolean {
    return this.#abort.signal.aborted;
  }

  /**
   * Waits until the collection has finished or until `untilMs`. Resolves to a result for each sandbox that is not gone, in
   * the order of ids; a sandbox without a response has a timeout. When every caller has aborted, the requests are cancelled.
   * @throws the signal's reason
   */
  async wait(untilMs: number, signal: AbortSignal): Promise<Collected> {
    signal.throwIfAborted();
    this.#waiting++;
    const timeIsOver = Promise.withResolvers<void>();
    let why: Error = new Error('Every caller has aborted');
    const timeOver = (): void => {
      why = new DOMException('Scrape timed out', 'TimeoutError');
      timeIsOver.resolve();
    };
    const timer = setTimeout(timeOver, Math.max(0, untilMs - performance.now()));
    try {
      await orAborted(Promise.race([this.finished, timeIsOver.promise]), signal);
    } finally {
      clearTimeout(timer);
      if (--this.#waiting === 0) {
        this.#abort.abort(why);
      }
    }
    const present = this.sandboxes.filter(({ id }) => !this.#gone.has(id));
    const results = present.map((sandbox) => this.#results.get(sandbox.id) ?? this.#options.scraper.giveUp(sandbox));
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
    const { scraper, maxShimRequests } = this.#options;
    const late = scraper.pickLate(this.sandboxes);
    const areLate = new Set(late);
    const others = this.sandboxes.filter((sandbox) => !areLate.has(sandbox));
    const lateShare = Math.max(1, Math.floor(maxShimRequests * LATE_SHARE));
    const lanes = Math.max(1, maxShimRequests - Math.min(late.length, lateShare));
    const lateDone = this.#queryLate(late, lateShare);
    const patience = new AbortController();
    const { signal } = this.#abort;
    const listener = addAbortListener(signal, () => patience.abort(signal.reason));
    const { fastDone, allDone } = this.#queryOthers(others, lanes, patience.signal);
    await fastDone;
    await this.#waitForLate(Promise.all([allDone, lateDone]));
    listener[Symbol.dispose]();
    patience.abort(noLongerAwaited);
    // Cancelled requests end at once. The whole families of a truncated body are kept.
    await Promise.race([allDone, delay(SETTLE_MS, undefined, { ref: false })]);
    this.#isSettled = true;
  }

  /** Requests that outlast the others continue in the background until they end: at most one per shim. */
  async #queryLate(late: readonly Sandbox[], share: number): Promise<void> {
    const { scraper } = this.#options;
    // Requests left over from earlier scrapes count towards the share, and are only joined.
    const underWay = late.filter((sandbox) => scraper.isUnderWay(sandbox));
    const resting = late.filter((sandbox) => !scraper.isUnderWay(sandbox));
    const lanes = Math.min(resting.length, Math.max(0, share - underWay.length));
    const never = new AbortController().signal;
    await Promise.all([
      this.#scrapeAll(toRequests(underWay, never), underWay.length),
      this.#scrapeAll(toRequests(resting, never), lanes),
    ]);
  }

  /** Shims on probation are scraped after the fast ones; `patience` cancels them when the scrape stops waiting. */
  #queryOthers(
    sandboxes: readonly Sandbox[],
    lanes: number,
    patience: AbortSignal,
  ): { readonly fastDone: Promise<void>; readonly allDone: Promise<void> } {
    const { scraper } = this.#options;
    const fast = sandboxes.filter((sandbox) => !scraper.isOnProbation(sandbox));
    const probation = sandboxes.filter((sandbox) => scraper.isOnProbation(sandbox));
    let left = fast.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    const onDone = (index: number): void => {
      if (index < fast.length && --left === 0) {
        resolve();
      }
    };
    const requests = [...toRequests(fast, this.#abort.signal), ...toRequests(probation, patience)];
    const allDone = this.#scrapeAll(requests, lanes, onDone);
    return { fastDone: left === 0 ? Promise.resolve() : Promise.race([promise, allDone]), allDone };
  }

  async #scrapeAll(requests: readonly Request[], lanes: number, onDone?: (index: number) => void): Promise<void> {
    const { scraper, shimTimeoutMs } = this.#options;
    let next = 0;
    const runLane = async (): Promise<void> => {
      for (let i = next++; i < requests.length; i = next++) {
        const { sandbox, signal } = requests[i]!;
        const leftMs = this.#untilMs - performance.now() - SETTLE_MS;
        if (leftMs <= 0 || this.isOver || signal.aborted) {
          return;
        }
        const timeoutMs = Math.min(shimTimeoutMs, leftMs);
        const result = await scraper.scrape(sandbox, { timeoutMs, signal }, this.#shares);
        if (result === undefined) {
          this.#gone.add(sandbox.id);
        } else if (signal.reason !== noLongerAwaited || (result.scan !== undefined && !this.#isSettled)) {
          this.#results.set(sandbox.id, result);
        }
        onDone?.(i);
      }
    };
    await Promise.all(Array.from({ length: Math.min(lanes, requests.length) }, runLane));
  }

  /** Waits for outstanding responses, at most for the grace period and until the scrape times out. */
  async #waitForLate(done: Promise<unknown>): Promise<void> {
    const graceOver = Promise.withResolvers<void>();
    const graceMs = Math.max(0, Math.min(this.#options.lateGraceMs, this.#untilMs - performance.now()));
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
