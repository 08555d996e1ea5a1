/**
 * Scrapes shims and scans their responses. Never has two open requests to the same shim, and remembers which shims did not
 * respond in time. Every failure of a shim is a result with a reason, never an exception.
 */
import type { CountersReader, DeviceCounters } from '../../cloud-hypervisor/index.ts';
import { ChunkPool, ValueSlabs } from '../../exposition/index.ts';
import { allowOptimization, type PacedWork, SlowPeers, type SlowPeersOptions } from '../../program/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import { findAbsence, findSocketFault } from '../../sandboxes/index.ts';
import type { ShimClient, ShimFailure, ShimOk, ShimPath, ShimRequest, ShimResult } from '../../shim-client/index.ts';
import { BodyPool } from './body-pool.ts';
import { FairBudget, type FairBudgetLimits, type ScrapeBudget } from './fair-budget.ts';
import {
  cutToBudget,
  failedResult,
  type ReadBody,
  type ReadsBodies,
  refersTo,
  type SandboxErrorReason,
  type SandboxResult,
  scannedResult,
} from './sandbox-result.ts';
import { Semaphore } from './semaphore.ts';

export interface ShimScraperOptions extends Pick<SlowPeersOptions, 'slowMs'> {
  readonly reader: ReadsBodies;
  readonly client: ShimClient;
  readonly maxBodyBytes: number;
  /** Path to request from the shim. Default: `/metrics`. */
  readonly pathOf?: (sandbox: Sandbox) => ShimPath;
  /** Bytes of the bodies of one scrape. */
  readonly byteBudget: FairBudgetLimits;
  readonly sampleBudget: FairBudgetLimits;
  /** Runs the processing of bodies. */
  readonly work: PacedWork;
  /** Limit of concurrent requests over all collections. */
  readonly maxShimRequests: number;
  /** Reads the counters of hypervisors beside the shims. Default: they are not read. */
  readonly hypervisorCounters?: CountersReader | undefined;
  /** Total idle time of this process: the time that this process computes does not make a shim slow. */
  readonly idleNowMs?: () => number;
}

/** State that the requests of one collection share. */
export interface ScrapeShares {
  /** Memory for values. */
  readonly slabs: ValueSlabs;
  readonly bytes: ScrapeBudget;
  readonly samples: ScrapeBudget;
  /** Bytes of all bodies so far. */
  receivedBytes: number;
}

export interface RequestLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Request {
  readonly result: Promise<SandboxResult | undefined>;
  readonly slabs: ValueSlabs;
}

interface GetOptions {
  readonly limitBytes?: ((bytes: number) => number) | undefined;
  readonly allocate?: ((bytes: number) => Buffer) | undefined;
  /** Called when the request starts, and again before each attempt to connect. */
  readonly onStart?: () => void;
}

/** The abort reason of requests that a scrape stopped waiting for. */
export const noLongerAwaited: Error = new DOMException(
  'Scrapes do not wait for a shim that was slow before',
  'TimeoutError',
);

const { eventLoopUtilization } = performance;

/**
 * A scrape with fewer bytes is left to the baseline compiler, in a process that holds optimization: the bodies of nine shims take
 * 15 ms more, and optimized code for them 20 MiB.
 */
const MAX_UNOPTIMIZED_BYTES = 512 * 1024;

/** The number that a scrape of 500 sandboxes needs. */
const MAX_KEPT_SLABS = 32;

/** Time to wait for counters after the response of the shim; they usually arrive first. */
const COUNTERS_GRACE_MS = 50;

/** The result of one request to a shim, or the reason why none was sent. */
export type FetchResult = ShimOk | (Omit<ShimFailure, 'reason'> & { readonly reason: SandboxErrorReason });

export class ShimScraper {
  readonly #options: ShimScraperOptions;
  readonly #bodyPool = new BodyPool();
  readonly #semaphore: Semaphore;
  readonly #slabPool = new ChunkPool(MAX_KEPT_SLABS);
  /** Requests in progress, by sandbox id. */
  readonly #underWay = new Map<string, Request>();
  readonly #slowPeers: SlowPeers;
  readonly #idleNowMs: () => number;
  readonly #byteBudget: FairBudget;
  readonly #sampleBudget: FairBudget;
  /** When each sandbox last responded completely, by id, in the time of `performance.now()`. */
  readonly #successes = new Map<string, number>();

  constructor(options: ShimScraperOptions) {
    this.#options = options;
    this.#idleNowMs = options.idleNowMs ?? (() => eventLoopUtilization().idle);
    this.#semaphore = new Semaphore(options.maxShimRequests);
    this.#slowPeers = new SlowPeers({ lanes: options.maxShimRequests, ...options });
    this.#byteBudget = new FairBudget(options.byteBudget);
    this.#sampleBudget = new FairBudget(options.sampleBudget);
  }

  /** Sandboxes whose last response was slow or missing, least recently queried first. */
  pickLate(sandboxes: readonly Sandbox[]): Sandbox[] {
    const { late } = this.#slowPeers;
    if (late.length === 0) {
      return [];
    }
    const known = new Map(sandboxes.map((sandbox) => [sandbox.id, sandbox]));
    return late.flatMap((id) => known.get(id) ?? []);
  }

  /** Whether its last response was in time, but an earlier, recent one was late. */
  isOnProbation({ id }: Sandbox): boolean {
    return this.#slowPeers.isOnProbation(id);
  }

  /** Whether a request to it is open or queued. */
  isUnderWay({ id }: Sandbox): boolean {
    return this.#underWay.has(id);
  }

  /**
   * Scrapes a sandbox. Joins the request in progress, if there is one, whatever its limits are. Resolves to undefined when
   * the sandbox is gone. The values are in `shares.slabs`, or in the slabs of the joined request.
   */
  scrape(sandbox: Sandbox, limits: RequestLimits, shares: ScrapeShares): Promise<SandboxResult | undefined> {
    const underWay = this.#underWay.get(sandbox.id);
    if (underWay !== undefined) {
      underWay.slabs.keep();
      return underWay.result.then((result) => {
        const isCut = result?.errors[0] === 'aborted' && !limits.signal.aborted;
        return isCut ? this.scrape(sandbox, limits, shares) : result; // its caller aborted, but this one has not
      });
    }
    const result = this.#settle(sandbox, limits, shares);
    this.#underWay.set(sandbox.id, { result, slabs: shares.slabs });
    return result;
  }

  /** Never rejects, and is never done when it returns. */
  async #settle(sandbox: Sandbox, limits: RequestLimits, shares: ScrapeShares): Promise<SandboxResult | undefined> {
    try {
      return await this.#request(sandbox, limits, shares);
    } catch (error) {
      return failedResult(sandbox, 'internal', String(error));
    } finally {
      this.#underWay.delete(sandbox.id);
    }
  }

  /** The shares of one collection. */
  makeShares(): ScrapeShares {
    return {
      slabs: new ValueSlabs(this.#slabPool),
      bytes: this.#byteBudget.begin(),
      samples: this.#sampleBudget.begin(),
      receivedBytes: 0,
    };
  }

  /** The response of one shim as received, by a separate request. */
  fetch(sandbox: Sandbox, { timeoutMs, signal }: RequestLimits): Promise<FetchResult> {
    return this.#get(sandbox, { timeoutMs, signal });
  }

  /** The result of a sandbox that did not respond before the scrape ended. */
  giveUp(sandbox: Sandbox): SandboxResult {
    const result =
      this.#slowPeers.lateReasonOf(sandbox.id) === 'slow'
        ? failedResult(sandbox, 'slow', 'shim was slow before, so the scrape did not wait for its response')
        : failedResult(sandbox, 'timeout', 'shim did not respond before the scrape timed out');
    return { ...result, successAgeMs: this.#successAgeMs(sandbox) };
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxes: readonly Sandbox[]): void {
    const ids = new Set(sandboxes.map(({ id }) => id));
    this.#options.reader.keepOnly(ids);
    this.#options.hypervisorCounters?.keepOnly(ids);
    this.#slowPeers.keepOnly(ids);
    for (const id of this.#successes.keys()) {
      if (!ids.has(id)) {
        this.#successes.delete(id);
      }
    }
  }

  async #get(sandbox: Sandbox, limits: RequestLimits, options: GetOptions = {}): Promise<FetchResult> {
    const fault = findSocketFault(sandbox);
    if (fault !== undefined) {
      return { kind: 'failed', reason: 'unsafe_socket', message: fault };
    }
    const { signal } = limits;
    if (!this.#semaphore.tryAcquire()) {
      try {
        await this.#semaphore.acquire(signal);
      } catch {
        return { kind: 'failed', reason: 'aborted', message: 'scrape was cancelled' };
      }
    }
    try {
      options.onStart?.();
      return markTimeout(await this.#options.client.get(this.#toShimRequest(sandbox, limits, options)), signal);
    } finally {
      this.#semaphore.release();
    }
  }

  #toShimRequest(
    sandbox: Sandbox,
    { timeoutMs, signal }: RequestLimits,
    { allocate, limitBytes, onStart: onAttempt }: GetOptions,
  ): ShimRequest {
    const { maxBodyBytes: maxBytes, pathOf } = this.#options;
    const path = pathOf?.(sandbox) ?? '/metrics';
    return { socketPath: sandbox.socketPath, path, timeoutMs, maxBytes, signal, allocate, limitBytes, onAttempt };
  }

  async #request(sandbox: Sandbox, limits: RequestLimits, shares: ScrapeShares): Promise<SandboxResult | undefined> {
    const startMs = performance.now();
    this.#slowPeers.begin(sandbox.id);
    let idleMs = this.#idleNowMs();
    const onStart = (): void => {
      idleMs = this.#idleNowMs();
    };
    let isOverBudget = false;
    const limitBytes = (bytes: number): number => {
      const granted = shares.bytes.grant(sandbox.id, bytes);
      isOverBudget ||= granted < bytes;
      return granted;
    };
    const counters = this.#options.hypervisorCounters?.read(sandbox);
    const got = await this.#get(sandbox, limits, { allocate: this.#bodyPool.take, limitBytes, onStart });
    const response = isOverBudget ? markOverBudget(got) : got;
    const { length: receivedBytes = 0 } = (got.kind === 'ok' ? got.body : got.partialBody) ?? {};
    shares.receivedBytes += receivedBytes;
    if (shares.receivedBytes > MAX_UNOPTIMIZED_BYTES) {
      allowOptimization();
    }
    const waitMs = this.#idleNowMs() - idleMs;
    const durationMs = performance.now() - startMs;
    const respondedMs = Date.now();
    const absence = response.kind === 'failed' ? findAbsence(sandbox) : undefined;
    if (absence === 'gone') {
      return undefined;
    }
    const isSlow = this.#noteTime(sandbox, response, waitMs, limits.signal);
    // A sandbox that has responded before is not starting: its socket is gone.
    const isNew = absence === 'starting' && !this.#successes.has(sandbox.id);
    const isStarting = isNew && response.kind === 'failed' && response.reason === 'missing';
    const result = await this.#toResult(sandbox, isStarting ? { ...response, reason: 'starting' } : response, shares);
    if (result.isUp) {
      this.#successes.set(sandbox.id, performance.now());
    }
    const successAgeMs = result.isUp ? 0 : this.#successAgeMs(sandbox);
    const devices = counters && (await orLate(counters));
    return { ...(isSlow ? addSlow(result, durationMs) : result), devices, durationMs, respondedMs, successAgeMs };
  }

  /** Records the response time; returns whether the shim responded, but slowly. */
  #noteTime({ id }: Sandbox, response: FetchResult, waitMs: number, signal: AbortSignal): boolean {
    if (response.kind === 'failed' && response.reason === 'timeout') {
      // The scrape stopped waiting for a shim on probation: why it was late before is still the best that is known.
      const known = signal.reason === noLongerAwaited ? (this.#slowPeers.lateReasonOf(id) ?? 'slow') : 'timeout';
      this.#slowPeers.noteLate(id, known);
      return false;
    }
    // A shortage of this process says nothing about the shim.
    const isOwnShortage = response.kind === 'failed' && response.reason === 'local_shortage';
    return !isOwnShortage && this.#slowPeers.note(id, waitMs);
  }

  #successAgeMs({ id }: Sandbox): number | undefined {
    const atMs = this.#successes.get(id);
    return atMs === undefined ? undefined : performance.now() - atMs;
  }

  async #toResult(sandbox: Sandbox, response: FetchResult, shares: ScrapeShares): Promise<SandboxResult> {
    const { slabs, samples } = shares;
    if (response.kind === 'ok') {
      slabs.beginWriting();
      let read: ReadBody;
      try {
        read = await this.#options.work.run(this.#options.reader.read(sandbox.id, response.body, slabs));
      } finally {
        slabs.endWriting();
      }
      if (!refersTo(read, response.body)) {
        this.#bodyPool.give(response.body);
      }
      return cutToBudget(scannedResult(sandbox, read, { isUp: true }), samples);
    }
    const { reason, message, partialBody } = response;
    const { status } = response;
    const failed = { ...failedResult(sandbox, reason, message), ...(status !== undefined && { status }) };
    if (partialBody === undefined || response.status !== 200) {
      return failed;
    }
    const part = scannedResult(sandbox, await this.#options.work.run(this.#options.reader.readPart(partialBody)), {
      isUp: false,
    });
    return cutToBudget({ ...part, errors: [reason, ...part.errors], message }, samples);
  }
}

/** Returns undefined if the counters do not arrive soon: the scrape then continues without them. */
async function orLate(counters: Promise<readonly DeviceCounters[]>): Promise<readonly DeviceCounters[] | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), COUNTERS_GRACE_MS);
  try {
    return await Promise.race([counters, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Distinguishes a body that exceeds its share of the scrape from one that exceeds --max-body-bytes. */
function markOverBudget(response: FetchResult): FetchResult {
  return response.kind === 'failed' && response.reason === 'too_large'
    ? { ...response, reason: 'over_budget', message: `${response.message}, its share of the scrape` }
    : response;
}

function addSlow(result: SandboxResult, durationMs: number): SandboxResult {
  const message = result.message ?? `shim took ${Math.round(durationMs)} ms: the next scrapes will not wait for it`;
  return { ...result, errors: [...result.errors, 'slow'], message };
}

/** Distinguishes a request that ended with the time of the scrape from one whose caller aborted. */
function markTimeout(response: ShimResult, signal: AbortSignal): ShimResult {
  const isTimeOver = signal.aborted && (signal.reason as Error).name === 'TimeoutError';
  return isTimeOver && response.kind === 'failed' && response.reason === 'aborted'
    ? { ...response, reason: 'timeout', message: 'shim did not respond before the scrape timed out' }
    : response;
}
