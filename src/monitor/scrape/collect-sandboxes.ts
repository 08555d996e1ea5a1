/**
 * Collects from all sandboxes of the node for whoever asks. Those who ask while a collection is under way share it: two
 * Prometheus servers cost the shims no more than one.
 */

import type { Sandbox } from '../../sandboxes/index.ts';
import { type AskOptions, type SandboxAnswer, ShimAsker } from './ask-shims.ts';
import { BodyReader, type BodyReaderOptions } from './body-reader.ts';
import { Collection, type CollectionOptions } from './collection.ts';
import type { Collected, CollectRequest, CollectSandboxes } from './sandbox-result.ts';

export interface CollectOptions
  extends Omit<AskOptions, 'reader'>,
    BodyReaderOptions,
    Pick<CollectionOptions, 'maxShimRequests' | 'shimTimeoutMs'> {
  /** The sandboxes that are there now, by id. */
  readonly listSandboxes: (signal: AbortSignal) => Promise<readonly Sandbox[]>;
  /** Default 250. */
  readonly hungGraceMs?: number;
}

/** Enough for a shim that is only slow, too little to be felt at a scrape interval of seconds. */
const DEFAULT_HUNG_GRACE_MS = 250;

/** Writing and compressing a sandbox's figures takes 0.5 ms; the rest is for a node that is short of CPU. */
const WRITING_MS_PER_SANDBOX = 2;
/** However many there are, shims get this share of the time. */
const MIN_COLLECTING_SHARE = 1 / 2;

export class SandboxCollector implements CollectSandboxes {
  readonly #options: CollectOptions;
  readonly #asker: ShimAsker;
  /** By the question: which sandboxes. */
  readonly #underWay = new Map<string, Collection>();

  constructor(options: CollectOptions) {
    this.#options = options;
    this.#asker = new ShimAsker({ ...options, reader: new BodyReader(options) });
  }

  /**
   * Asks the sandboxes, or waits for those who ask just these already.
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

  /** One shim's answer as it is. */
  fetch(sandbox: Sandbox, { timeoutMs, signal }: CollectRequest): Promise<SandboxAnswer> {
    return this.#asker.fetch(sandbox, { timeoutMs: Math.min(this.#options.shimTimeoutMs, timeoutMs), signal });
  }

  #joinable(key: string): Collection | undefined {
    const underWay = this.#underWay.get(key);
    return underWay?.isOver === true ? undefined : underWay;
  }

  #begin(key: string, present: readonly Sandbox[], untilMs: number, ids: readonly string[] | undefined): Collection {
    const { maxShimRequests, shimTimeoutMs, hungGraceMs = DEFAULT_HUNG_GRACE_MS } = this.#options;
    this.#asker.keepOnly(present);
    const asker = this.#asker;
    const sandboxes = ids === undefined ? present : present.filter(({ id }) => ids.includes(id));
    const collection = new Collection(sandboxes, untilMs, { asker, maxShimRequests, shimTimeoutMs, hungGraceMs });
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
