/**
 * Asks shims for their metrics and scans what comes. Never has two requests open to the same shim, and remembers which
 * ones did not answer in time. Whatever a shim does is a result with a reason; nothing here throws for it.
 */
import { ChunkPool, ValueSlabs } from '../../exposition/index.ts';
import { type PacedWork, SlowPeers, type SlowPeersOptions } from '../../program/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import { findAbsence, findSocketFault } from '../../sandboxes/index.ts';
import type { ShimClient, ShimFailure, ShimOk, ShimResult } from '../../shim-client/index.ts';
import { BodyPool } from './body-pool.ts';
import { cutToBudget } from './cut-to-budget.ts';
import { FairBudget, type FairBudgetLimits, type ScrapeBudget } from './fair-budget.ts';
import {
  failedResult,
  type ReadsBodies,
  refersTo,
  type SandboxErrorReason,
  type SandboxResult,
  scannedResult,
} from './sandbox-result.ts';
import { Turns } from './turns.ts';

export interface AskOptions extends Pick<SlowPeersOptions, 'slowMs'> {
  readonly reader: ReadsBodies;
  readonly client: ShimClient;
  readonly maxBodyBytes: number;
  /** Of the bodies of one scrape. */
  readonly byteBudget: FairBudgetLimits;
  readonly sampleBudget: FairBudgetLimits;
  /** Does what is to be done with bodies. */
  readonly work: PacedWork;
  /** Requests at the same time, whoever asks for them. */
  readonly maxShimRequests: number;
  /** For how long this program has had nothing to do so far: a shim is not slow for what is computed meanwhile. */
  readonly idleNowMs?: () => number;
}

/** What one collection gives its requests. */
export interface AskShares {
  /** Memory for values. */
  readonly slabs: ValueSlabs;
  readonly bytes: ScrapeBudget;
  readonly samples: ScrapeBudget;
}

export interface AskLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Request {
  readonly result: Promise<SandboxResult | undefined>;
  readonly slabs: ValueSlabs;
}

interface GetOptions {
  readonly limitBytes?: (bytes: number) => number;
  readonly allocate?: (bytes: number) => Buffer;
  /** Called when the request begins. */
  readonly onTurn?: () => void;
}

/** The reason of a signal that ends requests for which a scrape does not wait any longer. */
export const outOfPatience: Error = new DOMException('Scrapes do not wait for a shim that was slow', 'TimeoutError');

const { eventLoopUtilization } = performance;

/** What a scrape of 500 sandboxes takes. */
const MAX_KEPT_SLABS = 32;

/** What came of asking a shim, or of not asking it. */
export type SandboxAnswer = ShimOk | (Omit<ShimFailure, 'reason'> & { readonly reason: SandboxErrorReason });

export class ShimAsker {
  readonly #options: AskOptions;
  readonly #bodyPool = new BodyPool();
  readonly #turns: Turns;
  readonly #slabPool = new ChunkPool(MAX_KEPT_SLABS);
  /** Requests under way, by sandbox id. */
  readonly #underWay = new Map<string, Request>();
  readonly #slowPeers: SlowPeers;
  readonly #idleNowMs: () => number;
  readonly #byteBudget: FairBudget;
  readonly #sampleBudget: FairBudget;
  /** When each sandbox last answered in full, by id, as `performance.now()` counts. */
  readonly #successes = new Map<string, number>();

  constructor(options: AskOptions) {
    this.#options = options;
    this.#idleNowMs = options.idleNowMs ?? (() => eventLoopUtilization().idle);
    this.#turns = new Turns(options.maxShimRequests);
    this.#slowPeers = new SlowPeers({ lanes: options.maxShimRequests, ...options });
    this.#byteBudget = new FairBudget(options.byteBudget);
    this.#sampleBudget = new FairBudget(options.sampleBudget);
  }

  /** Those that were slow or did not respond when they were queried last, the longest not queried first. */
  pickLate(sandboxes: readonly Sandbox[]): Sandbox[] {
    const { late } = this.#slowPeers;
    if (late.length === 0) {
      return [];
    }
    const known = new Map(sandboxes.map((sandbox) => [sandbox.id, sandbox]));
    return late.flatMap((id) => known.get(id) ?? []);
  }

  /** Whether it was fast the last time, but late not long before. */
  isOnProbation({ id }: Sandbox): boolean {
    return this.#slowPeers.isOnProbation(id);
  }

  /** Whether a request to it is open, or waits for its turn. */
  isUnderWay({ id }: Sandbox): boolean {
    return this.#underWay.has(id);
  }

  /**
   * The result of a request; of the one under way, where there is one, whatever its limits are. Undefined when the
   * sandbox has gone meanwhile, which is no fault of anybody. Its figures are in the slabs, or in those of that request.
   */
  ask(sandbox: Sandbox, limits: AskLimits, shares: AskShares): Promise<SandboxResult | undefined> {
    const underWay = this.#underWay.get(sandbox.id);
    if (underWay !== undefined) {
      underWay.slabs.keep();
      return underWay.result.then((result) => {
        const isCut = result?.errors[0] === 'aborted' && !limits.signal.aborted;
        return isCut ? this.ask(sandbox, limits, shares) : result; // who had asked has gone, and this one has not
      });
    }
    const result = this.#request(sandbox, limits, shares)
      .catch((error: unknown) => failedResult(sandbox, 'internal', String(error)))
      .finally(() => this.#underWay.delete(sandbox.id));
    this.#underWay.set(sandbox.id, { result, slabs: shares.slabs });
    return result;
  }

  /** For one collection. */
  makeShares(): AskShares {
    return {
      slabs: new ValueSlabs(this.#slabPool),
      bytes: this.#byteBudget.begin(),
      samples: this.#sampleBudget.begin(),
    };
  }

  /** One shim's answer as it is, for a request of its own. */
  fetch(sandbox: Sandbox, { timeoutMs, signal }: AskLimits): Promise<SandboxAnswer> {
    return this.#get(sandbox, { timeoutMs, signal });
  }

  /** The result of a sandbox for which there was no time. */
  giveUp(sandbox: Sandbox): SandboxResult {
    const result =
      this.#slowPeers.lateReasonOf(sandbox.id) === 'slow'
        ? failedResult(sandbox, 'slow', 'It was slow before, so that the scrape did not wait for its response')
        : failedResult(sandbox, 'timeout', 'It did not answer in the time that the scrape had');
    return { ...result, successAgeMs: this.#successAgeMs(sandbox) };
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxes: readonly Sandbox[]): void {
    const ids = new Set(sandboxes.map(({ id }) => id));
    this.#options.reader.keepOnly(ids);
    this.#slowPeers.keepOnly(ids);
    for (const id of this.#successes.keys()) {
      if (!ids.has(id)) {
        this.#successes.delete(id);
      }
    }
  }

  async #get(
    sandbox: Sandbox,
    limits: AskLimits,
    { allocate, limitBytes, onTurn }: GetOptions = {},
  ): Promise<SandboxAnswer> {
    const fault = findSocketFault(sandbox);
    if (fault !== undefined) {
      return { kind: 'failed', reason: 'unsafe_socket', message: fault };
    }
    const { client, maxBodyBytes } = this.#options;
    const { socketPath } = sandbox;
    const request = { socketPath, path: '/metrics', maxBytes: maxBodyBytes, ...limits } as const;
    try {
      return await this.#turns.take(limits.signal, async () => {
        onTurn?.();
        const answer = await client.get({
          ...request,
          ...(allocate === undefined ? {} : { allocate }),
          ...(limitBytes === undefined ? {} : { limitBytes }),
        });
        return tellTimeout(answer, limits.signal);
      });
    } catch (error) {
      if (!limits.signal.aborted) {
        throw error;
      }
      return { kind: 'failed', reason: 'aborted', message: 'Nobody waits for it any more' };
    }
  }

  async #request(sandbox: Sandbox, limits: AskLimits, shares: AskShares): Promise<SandboxResult | undefined> {
    const startMs = performance.now();
    this.#slowPeers.begin(sandbox.id);
    let idleMs = this.#idleNowMs();
    const onTurn = (): void => {
      idleMs = this.#idleNowMs();
    };
    let isOverBudget = false;
    const limitBytes = (bytes: number): number => {
      const granted = shares.bytes.grant(sandbox.id, bytes);
      isOverBudget ||= granted < bytes;
      return granted;
    };
    const got = await this.#get(sandbox, limits, { allocate: this.#bodyPool.take, limitBytes, onTurn });
    const answer = isOverBudget ? tellBudget(got) : got;
    const waitMs = this.#idleNowMs() - idleMs;
    const durationMs = performance.now() - startMs;
    const absence = answer.kind === 'failed' ? findAbsence(sandbox) : undefined;
    if (absence === 'gone') {
      return undefined;
    }
    const isSlow = this.#noteTime(sandbox, answer, waitMs, limits.signal);
    // One that has answered is not starting any more: its socket is gone.
    const isNew = absence === 'starting' && !this.#successes.has(sandbox.id);
    const isStarting = isNew && answer.kind === 'failed' && answer.reason === 'missing';
    const result = await this.#toResult(sandbox, isStarting ? { ...answer, reason: 'starting' } : answer, shares);
    if (result.isUp) {
      this.#successes.set(sandbox.id, performance.now());
    }
    const successAgeMs = result.isUp ? 0 : this.#successAgeMs(sandbox);
    return { ...(isSlow ? addSlow(result, durationMs) : result), durationMs, successAgeMs };
  }

  /** Returns whether it responded, but slowly. */
  #noteTime({ id }: Sandbox, answer: SandboxAnswer, waitMs: number, signal: AbortSignal): boolean {
    if (answer.kind === 'failed' && answer.reason === 'timeout') {
      this.#slowPeers.noteLate(id, signal.reason === outOfPatience ? 'slow' : 'timeout');
      return false;
    }
    return this.#slowPeers.note(id, waitMs);
  }

  #successAgeMs({ id }: Sandbox): number | undefined {
    const atMs = this.#successes.get(id);
    return atMs === undefined ? undefined : performance.now() - atMs;
  }

  async #toResult(sandbox: Sandbox, answer: SandboxAnswer, shares: AskShares): Promise<SandboxResult> {
    const { slabs, samples } = shares;
    if (answer.kind === 'ok') {
      slabs.beginWriting();
      const read = await this.#options.work
        .run(this.#options.reader.read(sandbox.id, answer.body, slabs))
        .finally(() => slabs.endWriting());
      if (!refersTo(read, answer.body)) {
        this.#bodyPool.give(answer.body);
      }
      return cutToBudget(scannedResult(sandbox, read, { isUp: true }), samples);
    }
    const { reason, message, partialBody } = answer;
    const failed = failedResult(sandbox, reason, message);
    if (partialBody === undefined || answer.status !== 200) {
      return failed;
    }
    const part = scannedResult(sandbox, await this.#options.work.run(this.#options.reader.readPart(partialBody)), {
      isUp: false,
    });
    return cutToBudget({ ...part, errors: [reason, ...part.errors], message }, samples);
  }
}

/** A body that was cut because of its share was not too large in itself. */
function tellBudget(answer: SandboxAnswer): SandboxAnswer {
  return answer.kind === 'failed' && answer.reason === 'too_large'
    ? { ...answer, reason: 'over_budget', message: `${answer.message}: its share of the scrape` }
    : answer;
}

function addSlow(result: SandboxResult, durationMs: number): SandboxResult {
  const message = result.message ?? `It took ${Math.round(durationMs)} ms: scrapes will not wait for it`;
  return { ...result, errors: [...result.errors, 'slow'], message };
}

/** A request that was cancelled because time was over did not answer in time; one whose asker has gone is another thing. */
function tellTimeout(answer: ShimResult, signal: AbortSignal): ShimResult {
  const isTimeOver = signal.aborted && (signal.reason as Error).name === 'TimeoutError';
  return isTimeOver && answer.kind === 'failed' && answer.reason === 'aborted'
    ? { ...answer, reason: 'timeout', message: 'shim did not answer in the time that the scrape had' }
    : answer;
}
