/**
 * Collects from all sandboxes of the node for whoever asks. Those who ask while a collection is under way share it: two
 * Prometheus servers cost the shims no more than one.
 */
import type { ShimClient } from '../shim-client/index.ts';
import { type SandboxAnswer, ShimAsker } from './ask-shims.ts';
import { Collection, type CollectionOptions } from './collection.ts';
import type { Sandbox } from './sandbox.ts';
import type { SandboxResult } from './sandbox-result.ts';

export interface CollectOptions extends Pick<CollectionOptions, 'maxShimRequests' | 'shimTimeoutMs'> {
  readonly client: ShimClient;
  readonly maxBodyBytes: number;
  /** The sandboxes that are there now, by id. */
  readonly listSandboxes: (signal: AbortSignal) => Promise<readonly Sandbox[]>;
  /** Default 250. */
  readonly hungGraceMs?: number;
}

export interface CollectRequest {
  /** Milliseconds that all of it may take. */
  readonly timeoutMs: number;
  /** Fires when nobody wants the results any more. */
  readonly signal: AbortSignal;
}

/** Enough for a shim that is only slow, too little to be felt at a scrape interval of seconds. */
const DEFAULT_HUNG_GRACE_MS = 250;

export class SandboxCollector {
  readonly #options: CollectOptions;
  readonly #asker: ShimAsker;
  #underWay: Collection | undefined = undefined;

  constructor(options: CollectOptions) {
    this.#options = options;
    this.#asker = new ShimAsker(options);
  }

  /**
   * Asks all sandboxes, or waits for those who ask them already.
   * @throws the signal's reason
   */
  async collect({ timeoutMs, signal }: CollectRequest): Promise<readonly SandboxResult[]> {
    const untilMs = performance.now() + timeoutMs;
    const sandboxes = this.#joinable === undefined ? await this.#options.listSandboxes(signal) : [];
    this.#underWay = this.#joinable ?? this.#begin(sandboxes, untilMs);
    return this.#underWay.wait(untilMs, signal);
  }

  /** One shim's answer as it is. */
  fetch(sandbox: Sandbox, { timeoutMs, signal }: CollectRequest): Promise<SandboxAnswer> {
    return this.#asker.fetch(sandbox, { timeoutMs: Math.min(this.#options.shimTimeoutMs, timeoutMs), signal });
  }

  get #joinable(): Collection | undefined {
    return this.#underWay?.isOver === true ? undefined : this.#underWay;
  }

  #begin(sandboxes: readonly Sandbox[], untilMs: number): Collection {
    const { maxShimRequests, shimTimeoutMs, hungGraceMs = DEFAULT_HUNG_GRACE_MS } = this.#options;
    this.#asker.keepOnly(sandboxes);
    const asker = this.#asker;
    const collection = new Collection(sandboxes, untilMs, { asker, maxShimRequests, shimTimeoutMs, hungGraceMs });
    void collection.finished.then(() => {
      if (this.#underWay === collection) {
        this.#underWay = undefined;
      }
    });
    return collection;
  }
}
