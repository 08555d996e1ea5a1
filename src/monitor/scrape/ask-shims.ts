/**
 * Asks shims for their metrics and scans what comes. Never has two requests open to the same shim, and remembers which
 * ones did not answer in time. Whatever a shim does is a result with a reason; nothing here throws for it.
 */
import { ChunkPool, ValueSlabs } from '../../exposition/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import { findAbsence, findSocketFault } from '../../sandboxes/index.ts';
import type { ShimAnswer, ShimClient, ShimFailure, ShimOk } from '../../shim-client/index.ts';
import { BodyPool } from './body-pool.ts';
import { BodyReader, type BodyReaderOptions } from './body-reader.ts';
import { failedResult, type SandboxErrorReason, type SandboxResult, scannedResult } from './sandbox-result.ts';
import { Turns } from './turns.ts';

export interface AskOptions extends BodyReaderOptions {
  readonly client: ShimClient;
  readonly maxBodyBytes: number;
  /** Requests at the same time, whoever asks for them. */
  readonly maxShimRequests: number;
}

export interface AskLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Request {
  readonly result: Promise<SandboxResult | undefined>;
  readonly slabs: ValueSlabs;
}

/** What a scrape of 500 sandboxes takes. */
const MAX_KEPT_SLABS = 32;

/** What came of asking a shim, or of not asking it. */
export type SandboxAnswer = ShimOk | (Omit<ShimFailure, 'reason'> & { readonly reason: SandboxErrorReason });

export class ShimAsker {
  readonly #options: AskOptions;
  readonly #reader: BodyReader;
  readonly #bodyPool = new BodyPool();
  readonly #turns: Turns;
  readonly #slabPool = new ChunkPool(MAX_KEPT_SLABS);
  /** Requests under way, by sandbox id. */
  readonly #underWay = new Map<string, Request>();
  /** Ids of those that did not answer in time when they were asked last, the longest unasked first. */
  readonly #hung = new Set<string>();
  /** When each sandbox last answered in full, by id, as `performance.now()` counts. */
  readonly #successes = new Map<string, number>();

  constructor(options: AskOptions) {
    this.#options = options;
    this.#turns = new Turns(options.maxShimRequests);
    this.#reader = new BodyReader(options);
  }

  /** Those that did not answer in time when they were asked last, the longest unasked first. */
  pickHung(sandboxes: readonly Sandbox[]): Sandbox[] {
    if (this.#hung.size === 0) {
      return [];
    }
    const known = new Map(sandboxes.map((sandbox) => [sandbox.id, sandbox]));
    return [...this.#hung].flatMap((id) => known.get(id) ?? []);
  }

  /** Whether a request to it is open, or waits for its turn. */
  isUnderWay({ id }: Sandbox): boolean {
    return this.#underWay.has(id);
  }

  /**
   * The result of a request; of the one under way, where there is one, whatever its limits are. Undefined when the
   * sandbox has gone meanwhile, which is no fault of anybody. Its figures are in the slabs, or in those of that request.
   */
  ask(sandbox: Sandbox, limits: AskLimits, slabs: ValueSlabs): Promise<SandboxResult | undefined> {
    const underWay = this.#underWay.get(sandbox.id);
    if (underWay !== undefined) {
      underWay.slabs.keep();
      return underWay.result.then((result) => {
        const isCut = result?.errors[0] === 'aborted' && !limits.signal.aborted;
        return isCut ? this.ask(sandbox, limits, slabs) : result; // who had asked has gone, and this one has not
      });
    }
    const result = this.#request(sandbox, limits, slabs)
      .catch((error: unknown) => failedResult(sandbox, 'internal', String(error)))
      .finally(() => this.#underWay.delete(sandbox.id));
    this.#underWay.set(sandbox.id, { result, slabs });
    return result;
  }

  /** Memory for the figures of one collection. */
  makeSlabs(): ValueSlabs {
    return new ValueSlabs(this.#slabPool);
  }

  /** One shim's answer as it is, for a request of its own. */
  fetch(sandbox: Sandbox, { timeoutMs, signal }: AskLimits): Promise<SandboxAnswer> {
    return this.#get(sandbox, { timeoutMs, signal });
  }

  /** The result of a sandbox for which there was no time. */
  giveUp(sandbox: Sandbox): SandboxResult {
    const result = failedResult(sandbox, 'timeout', 'It did not answer in the time that the scrape had');
    return { ...result, successAgeMs: this.#successAgeMs(sandbox) };
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxes: readonly Sandbox[]): void {
    const ids = new Set(sandboxes.map(({ id }) => id));
    this.#reader.keepOnly(ids);
    for (const known of [this.#hung, this.#successes]) {
      for (const id of known.keys()) {
        if (!ids.has(id)) {
          known.delete(id);
        }
      }
    }
  }

  async #get(sandbox: Sandbox, limits: AskLimits, allocate?: (bytes: number) => Buffer): Promise<SandboxAnswer> {
    const fault = findSocketFault(sandbox);
    if (fault !== undefined) {
      return { kind: 'failed', reason: 'unsafe_socket', message: fault };
    }
    const { client, maxBodyBytes } = this.#options;
    const { socketPath } = sandbox;
    const request = { socketPath, path: '/metrics', maxBytes: maxBodyBytes, ...limits } as const;
    try {
      return await this.#turns.take(limits.signal, async () =>
        tellTimeout(await client.get(allocate === undefined ? request : { ...request, allocate }), limits.signal),
      );
    } catch (error) {
      if (!limits.signal.aborted) {
        throw error;
      }
      return { kind: 'failed', reason: 'aborted', message: 'Nobody waits for it any more' };
    }
  }

  async #request(sandbox: Sandbox, limits: AskLimits, slabs: ValueSlabs): Promise<SandboxResult | undefined> {
    const startMs = performance.now();
    if (this.#hung.delete(sandbox.id)) {
      this.#hung.add(sandbox.id); // behind the others
    }
    const answer = await this.#get(sandbox, limits, this.#bodyPool.take);
    const durationMs = performance.now() - startMs;
    const absence = answer.kind === 'failed' ? findAbsence(sandbox) : undefined;
    if (absence === 'gone') {
      return undefined;
    }
    if (answer.kind === 'failed' && answer.reason === 'timeout') {
      this.#hung.add(sandbox.id);
    } else {
      this.#hung.delete(sandbox.id);
    }
    // One that has answered is not starting any more: its socket is gone.
    const isNew = absence === 'starting' && !this.#successes.has(sandbox.id);
    const isStarting = isNew && answer.kind === 'failed' && answer.reason === 'missing';
    const result = this.#toResult(sandbox, isStarting ? { ...answer, reason: 'starting' } : answer, slabs);
    if (result.isUp) {
      this.#successes.set(sandbox.id, performance.now());
    }
    return { ...result, durationMs, successAgeMs: result.isUp ? 0 : this.#successAgeMs(sandbox) };
  }

  #successAgeMs({ id }: Sandbox): number | undefined {
    const atMs = this.#successes.get(id);
    return atMs === undefined ? undefined : performance.now() - atMs;
  }

  #toResult(sandbox: Sandbox, answer: SandboxAnswer, slabs: ValueSlabs): SandboxResult {
    if (answer.kind === 'ok') {
      const read = this.#reader.read(sandbox.id, answer.body, slabs);
      if (read.scan.lines.body !== answer.body) {
        this.#bodyPool.give(answer.body);
      }
      return scannedResult(sandbox, read, { isUp: true });
    }
    const { reason, message, partialBody } = answer;
    const failed = failedResult(sandbox, reason, message);
    if (partialBody === undefined || answer.status !== 200) {
      return failed;
    }
    const part = scannedResult(sandbox, this.#reader.readPart(partialBody), { isUp: false });
    return { ...part, errors: [reason, ...part.errors], message };
  }
}

/** A request that was cancelled because time was over did not answer in time; one whose asker has gone is another thing. */
function tellTimeout(answer: ShimAnswer, signal: AbortSignal): ShimAnswer {
  const isTimeOver = signal.aborted && (signal.reason as Error).name === 'TimeoutError';
  return isTimeOver && answer.kind === 'failed' && answer.reason === 'aborted'
    ? { ...answer, reason: 'timeout', message: 'shim did not answer in the time that the scrape had' }
    : answer;
}
