/**
 * One round of asking all shims of the node, which several scrapes can wait for. Well shims are asked so many at a time;
 * those that hung the last time are asked beside them and cost nobody more than a moment.
 */
import type { ValueSlabs } from '../../exposition/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { ShimAsker } from './ask-shims.ts';
import type { SandboxResult } from './sandbox-result.ts';

export interface CollectionOptions {
  readonly asker: ShimAsker;
  readonly shimTimeoutMs: number;
  /** Requests at the same time, in all. */
  readonly maxShimRequests: number;
  /** How much longer than for the others a scrape waits for shims that hung the last time. */
  readonly hungGraceMs: number;
}

/** The results of a collection, as one who waited for it gets them. */
export interface Collected {
  /** One for each sandbox that has not gone, in the order of their ids. */
  readonly results: readonly SandboxResult[];
  /** May be called once, when the results are read no more: their memory is used again. */
  release(): void;
}

/** The part of `maxShimRequests` that shims can take that hung the last time; the rest is always left for the others. */
const HUNG_SHARE = 1 / 4;

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
  readonly #slabs: ValueSlabs;
  #waiting = 0;
  /** Those who read the results. */
  #readers = 0;

  /** `untilMs`: when it has to be over, as `performance.now()` counts. */
  constructor(sandboxes: readonly Sandbox[], untilMs: number, options: CollectionOptions) {
    this.sandboxes = sandboxes;
    this.#options = options;
    this.#untilMs = untilMs;
    this.#slabs = options.asker.makeSlabs();
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
      this.#slabs.release();
      this.#results.clear();
    }
  }

  async #run(): Promise<void> {
    const { asker, maxShimRequests } = this.#options;
    const hung = asker.pickHung(this.sandboxes);
    const areHung = new Set(hung);
    const well = this.sandboxes.filter((sandbox) => !areHung.has(sandbox));
    const hungShare = Math.max(1, Math.floor(maxShimRequests * HUNG_SHARE));
    // Requests that earlier scrapes have left behind take their part of the share, and are only listened to.
    const underWay = hung.filter((sandbox) => asker.isUnderWay(sandbox));
    const resting = hung.filter((sandbox) => !asker.isUnderWay(sandbox));
    const hungLanes = Math.min(resting.length, Math.max(0, hungShare - underWay.length));
    // What is left of them when the others are done goes on by itself, to its own end: at most one request a shim.
    const never = new AbortController().signal;
    const hungDone = Promise.all([
      this.#askAll(underWay, underWay.length, never),
      this.#askAll(resting, hungLanes, never),
    ]);
    const wellLanes = Math.max(1, maxShimRequests - Math.min(hung.length, hungShare));
    await this.#askAll(well, wellLanes, this.#abort.signal);
    await this.#waitForHung(hungDone);
  }

  async #askAll(sandboxes: readonly Sandbox[], lanes: number, signal: AbortSignal): Promise<void> {
    const { asker, shimTimeoutMs } = this.#options;
    let next = 0;
    const takeTurns = async (): Promise<void> => {
      for (let i = next++; i < sandboxes.length; i = next++) {
        const sandbox = sandboxes[i]!;
        const leftMs = this.#untilMs - performance.now() - SETTLE_MS;
        if (leftMs <= 0 || this.isOver) {
          return;
        }
        const timeoutMs = Math.min(shimTimeoutMs, leftMs);
        const result = await asker.ask(sandbox, { timeoutMs, signal }, this.#slabs);
        if (result === undefined) {
          this.#gone.add(sandbox.id);
        } else {
          this.#results.set(sandbox.id, result);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(lanes, sandboxes.length) }, takeTurns));
  }

  async #waitForHung(hungDone: Promise<unknown>): Promise<void> {
    const graceOver = Promise.withResolvers<void>();
    const graceMs = Math.max(0, Math.min(this.#options.hungGraceMs, this.#untilMs - performance.now()));
    const timer = setTimeout(graceOver.resolve, graceMs).unref();
    await Promise.race([hungDone, graceOver.promise]);
    clearTimeout(timer);
  }
}
