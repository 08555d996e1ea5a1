/**
 * Asks shims for their metrics and scans what comes. Never has two requests open to the same shim, and remembers which
 * ones did not answer in time. Whatever a shim does is a result with a reason; nothing here throws for it.
 */
import { scan } from '../exposition/index.ts';
import type { ShimAnswer, ShimClient } from '../shim-client/index.ts';
import { BodyPool } from './body-pool.ts';
import { LikeBodies } from './like-bodies.ts';
import type { Sandbox } from './sandbox.ts';
import { failedResult, type SandboxResult } from './sandbox-result.ts';
import { sandboxRules } from './sandbox-rules.ts';

export interface AskOptions {
  readonly client: ShimClient;
  readonly maxBodyBytes: number;
}

export interface AskLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export class ShimAsker {
  readonly #options: AskOptions;
  readonly #likeBodies = new LikeBodies(sandboxRules);
  readonly #bodyPool = new BodyPool();
  /** Requests under way, by sandbox id. */
  readonly #underWay = new Map<string, Promise<SandboxResult>>();
  readonly #hung = new Set<string>();

  constructor(options: AskOptions) {
    this.#options = options;
  }

  /** Whether the sandbox did not answer in time when it was asked last. */
  isHung({ id }: Sandbox): boolean {
    return this.#hung.has(id);
  }

  /** The result of a request; of the one under way, where there is one, whatever its limits are. */
  ask(sandbox: Sandbox, limits: AskLimits): Promise<SandboxResult> {
    const underWay = this.#underWay.get(sandbox.id);
    if (underWay !== undefined) {
      return underWay;
    }
    const result = this.#request(sandbox, limits)
      .catch((error: unknown) => failedResult(sandbox, 'internal', String(error)))
      .finally(() => this.#underWay.delete(sandbox.id));
    this.#underWay.set(sandbox.id, result);
    return result;
  }

  /** One shim's answer as it is, for a request of its own. */
  fetch(sandbox: Sandbox, { timeoutMs, signal }: AskLimits): Promise<ShimAnswer> {
    return this.#get(sandbox, { timeoutMs, signal });
  }

  /** The bodies of these results are read by nobody any more: their memory is used for the next ones. */
  recycle(results: Iterable<SandboxResult>): void {
    for (const { body, scan: scanned } of results) {
      if (body !== undefined && scanned !== undefined && !this.#likeBodies.isForm(scanned)) {
        this.#bodyPool.give(body);
      }
    }
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxes: readonly Sandbox[]): void {
    const ids = new Set(sandboxes.map(({ id }) => id));
    this.#likeBodies.keepOnly(ids);
    this.#bodyPool.keepAtMost(sandboxes.length);
    for (const id of this.#hung) {
      if (!ids.has(id)) {
        this.#hung.delete(id);
      }
    }
  }

  #get(sandbox: Sandbox, limits: AskLimits, allocate?: (bytes: number) => Buffer): Promise<ShimAnswer> {
    const { client, maxBodyBytes } = this.#options;
    const { socketPath } = sandbox;
    const request = { socketPath, path: '/metrics', maxBytes: maxBodyBytes, ...limits } as const;
    return client.get(allocate === undefined ? request : { ...request, allocate });
  }

  async #request(sandbox: Sandbox, limits: AskLimits): Promise<SandboxResult> {
    const answer = await this.#get(sandbox, limits, this.#bodyPool.take);
    const isTimeout = answer.kind === 'failed' && answer.reason === 'timeout';
    if (isTimeout) {
      this.#hung.add(sandbox.id);
    } else {
      this.#hung.delete(sandbox.id);
    }
    return this.#toResult(sandbox, answer);
  }

  #toResult(sandbox: Sandbox, answer: ShimAnswer): SandboxResult {
    if (answer.kind === 'failed') {
      const { reason, message, partialBody } = answer;
      const result = failedResult(sandbox, reason, message);
      return partialBody === undefined || answer.status !== 200
        ? result
        : { ...result, scan: scan(partialBody, { rules: sandboxRules, isPartial: true }) };
    }
    const scanned = this.#likeBodies.scan(sandbox.id, answer.body);
    if (scanned.faultCounts.size === 0) {
      return { sandbox, isUp: true, scan: scanned, body: answer.body, errors: [], message: undefined };
    }
    const [fault] = scanned.faults;
    const message = fault === undefined ? undefined : `Its answer is faulty at line ${fault.line}: ${fault.reason}`;
    return { sandbox, isUp: true, scan: scanned, body: answer.body, errors: ['faulty_body'], message };
  }
}
