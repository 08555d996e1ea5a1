/**
 * Collects the metrics of all sandboxes of the node. Concurrent requests share one collection: two Prometheus servers cost
 * the shims no more than one.
 */

import type { Sandbox } from '../../sandboxes/index.ts';
import { BodyReader, type BodyReaderOptions } from './body-reader.ts';
import { Collection, type CollectionOptions } from './collection.ts';
import type { Collected, CollectRequest, CollectSandboxes } from './sandbox-result.ts';
import { type FetchResult, ShimScraper, type ShimScraperOptions } from './shim-scraper.ts';

export interface CollectOptions
  extends Omit<ShimScraperOptions, 'reader'>,
    BodyReaderOptions,
    Pick<CollectionOptions, 'maxShimRequests' | 'shimTimeoutMs'> {
  /** Lists the current sandboxes, sorted by id. */
  readonly listSandboxes: (signal: AbortSignal) => Promise<readonly Sandbox[]>;
  /** Default 250. */
  readonly lateGraceMs?: number;
}

/** Enough for a shim that is only slow; negligible at a scrape interval of seconds. */
const DEFAULT_LATE_GRACE_MS = 250;

/** Writing and compressing the metrics of a sandbox takes 0.5 ms; the rest is for a node that is short of CPU. */
const WRITING_MS_PER_SANDBOX = 2;
/** The least share of the time for the requests to shims, whatever the number of sandboxes. */
const MIN_COLLECTING_SHARE = 1 / 2;

export class SandboxCollector implements CollectSandboxes {
  readonly #options: CollectOptions;
  readonly #scraper: ShimScraper;
  /** Collections in progress, by the ids that they are restricted to. */
  readonly #underWay = new Map<string, Collection>();

  constructor(options: CollectOptions) {
    this.#options = options;
    this.#scraper = new ShimScraper({ ...options, reader: new BodyReader(options) });
  }

  /**
   * Scrapes the sandboxes, or joins the collection in progress of the same sandboxes.
   * @throws the signal's reason
   */
  async collect({ timeoutMs, signal, sandboxIds }: CollectRequest): Promise<Collected> {
    const startMs = performance.now();
    const key = sandboxIds === undefined ? '' : [...sandboxIds].sort().join(' ');
    const sandboxes = this.#joinable(key) === undefined ? await this.#options.listSandboxes(signal) : [];
    const count = this.#joinable(key)?.sandboxes.length ?? sandboxes.length;
    const untilMs = startMs + collectingMs(timeoutMs, count);
    const collection = this.#joinable(key) ?? this.#begin(key, sandboxes, untilMs, sandboxIds);
    return collection.wait(untilMs, signal);
  }

  /** The response of one shim as received. */
  fetch(sandbox: Sandbox, { timeoutMs, signal }: CollectRequest): Promise<FetchResult> {
    return this.#scraper.fetch(sandbox, { timeoutMs: Math.min(this.#options.shimTimeoutMs, timeoutMs), signal });
  }

  #joinable(key: string): Collection | undefined {
    const underWay = this.#underWay.get(key);
    return underWay?.isOver === true ? undefined : underWay;
  }

  #begin(key: string, present: readonly Sandbox[], untilMs: number, ids: readonly string[] | undefined): Collection {
    const { maxShimRequests, shimTimeoutMs, lateGraceMs = DEFAULT_LATE_GRACE_MS } = this.#options;
    this.#scraper.keepOnly(present);
    const scraper = this.#scraper;
    const sandboxes = ids === undefined ? present : present.filter(({ id }) => ids.includes(id));
    const collection = new Collection(sandboxes, untilMs, { scraper, maxShimRequests, shimTimeoutMs, lateGraceMs });
    this.#underWay.set(key, collection);
    void collection.finished.then(() => {
      if (this.#underWay.get(key) === collection) {
        this.#underWay.delete(key);
      }
    });
    return collection;
  }
}

function collectingMs(timeoutMs: number, sandboxes: number): number {
  return Math.max(timeoutMs - sandboxes * WRITING_MS_PER_SANDBOX, timeoutMs * MIN_COLLECTING_SHARE);
}
