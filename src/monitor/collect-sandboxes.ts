/**
 * Asks the shims of one scrape, so many at a time, and scans what they send as it comes in. Whatever a shim does is a
 * result with a reason; nothing here throws for it, and none waits for another.
 */
import { type Scan, scan } from '../exposition/index.ts';
import type { ShimAnswer, ShimClient, ShimFailureReason } from '../shim-client/index.ts';
import { LikeBodies } from './like-bodies.ts';
import type { Sandbox } from './sandbox.ts';
import { sandboxRules } from './sandbox-rules.ts';

/** Why a sandbox's figures are missing or not whole: what its socket did, or what its body holds. */
export type SandboxErrorReason = ShimFailureReason | 'conflicting_family' | 'faulty_body' | 'forbidden_family';

/** What one scrape got from one sandbox. */
export interface SandboxResult {
  readonly sandbox: Sandbox;
  /** Whether the shim answered in full. */
  readonly isUp: boolean;
  /** The families that can be used; undefined when none came. */
  readonly scan: Scan | undefined;
  /** In the order in which they were found, each once. */
  readonly errors: readonly SandboxErrorReason[];
  /** For the log: what happened, without the sandbox's name. */
  readonly message: string | undefined;
}

export interface CollectOptions {
  readonly client: ShimClient;
  readonly shimTimeoutMs: number;
  readonly maxShimRequests: number;
  readonly maxBodyBytes: number;
}

export interface CollectRequest {
  /** Milliseconds that all of it may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export class SandboxCollector {
  readonly #options: CollectOptions;
  readonly #likeBodies = new LikeBodies(sandboxRules);

  constructor(options: CollectOptions) {
    this.#options = options;
  }

  /** The results in the order of `sandboxes`. */
  async collect(sandboxes: readonly Sandbox[], { timeoutMs, signal }: CollectRequest): Promise<SandboxResult[]> {
    const untilMs = performance.now() + timeoutMs;
    this.#likeBodies.keepOnly(new Set(sandboxes.map(({ id }) => id)));
    const results = new Array<SandboxResult>(sandboxes.length);
    let next = 0;
    const takeTurns = async (): Promise<void> => {
      for (let i = next++; i < sandboxes.length; i = next++) {
        results[i] = await this.#ask(sandboxes[i]!, untilMs, signal);
      }
    };
    const lanes = Math.min(this.#options.maxShimRequests, sandboxes.length);
    await Promise.all(Array.from({ length: lanes }, takeTurns));
    return results;
  }

  /** One shim's answer as it is. */
  fetch(sandbox: Sandbox, { timeoutMs, signal }: CollectRequest): Promise<ShimAnswer> {
    const { client, shimTimeoutMs, maxBodyBytes } = this.#options;
    return client.get({
      socketPath: sandbox.socketPath,
      path: '/metrics',
      timeoutMs: Math.min(shimTimeoutMs, timeoutMs),
      maxBytes: maxBodyBytes,
      signal,
    });
  }

  async #ask(sandbox: Sandbox, untilMs: number, signal: AbortSignal): Promise<SandboxResult> {
    const timeoutMs = untilMs - performance.now();
    if (timeoutMs <= 0) {
      return failed(sandbox, 'timeout', 'The time of the scrape was over before its turn came');
    }
    const answer = await this.fetch(sandbox, { timeoutMs, signal });
    return this.#toResult(sandbox, answer);
  }

  #toResult(sandbox: Sandbox, answer: ShimAnswer): SandboxResult {
    if (answer.kind === 'failed') {
      const { reason, message, partialBody } = answer;
      if (partialBody === undefined || answer.status !== 200) {
        return failed(sandbox, reason, message);
      }
      const scanned = scan(partialBody, { rules: sandboxRules, isPartial: true });
      return { ...failed(sandbox, reason, message), scan: scanned };
    }
    const scanned = this.#likeBodies.scan(sandbox.id, answer.body);
    if (scanned.faultCounts.size > 0) {
      const [fault] = scanned.faults;
      const message = fault === undefined ? undefined : `Its answer is faulty at line ${fault.line}: ${fault.reason}`;
      return { sandbox, isUp: true, scan: scanned, errors: ['faulty_body'], message };
    }
    return { sandbox, isUp: true, scan: scanned, errors: [], message: undefined };
  }
}

function failed(sandbox: Sandbox, reason: SandboxErrorReason, message: string): SandboxResult {
  return { sandbox, isUp: false, scan: undefined, errors: [reason], message };
}
