/**
 * The shim's connection to its agent. It is opened on demand and reopened with a back-off after it was lost. Called for each
 * request for metrics. Never throws because of the agent, never waits longer than the given timeout, and sends no request
 * that was not requested.
 */
import type { Duplex } from 'node:stream';
import { AgentService, ExporterService, Health, SERVING } from '../../proto/agent-messages.ts';
import type { Address, DialOptions } from '../../transport/index.ts';
import { CoreClient, type InitOf, type ShapeOf, TtrpcError } from '../../ttrpc/core.ts';
import type { AnyMessageType, Method } from '../../wire/index.ts';
import { BackOff } from '../processes/back-off.ts';
import { agentPolicy } from './agent-policy.ts';
import {
  type AgentFailureReason,
  type AgentResult,
  type ExporterResult,
  type StatsResult,
  toFailedExporter,
  toFailedResult,
  toFailedStats,
} from './agent-result.ts';
import { readCutText } from './cut-text.ts';
import { Patience } from './patience.ts';

export interface AgentLinkOptions {
  readonly address: Address;
  /** False while no agent can be listening. Default: unknown. */
  readonly isThere?: () => boolean;
  readonly dial: (address: Address, options: DialOptions) => Promise<Duplex>;
  /** Milliseconds that only go up. */
  readonly now: () => number;
  readonly random: () => number;
  /** Called after every RPC, failed ones too: `action` is the full name of its request message. */
  readonly onRpc: (action: string, durationMs: number) => void;
  /** How long requests wait for a slow agent. Default: as `Patience` has it. */
  readonly patience?: Patience;
  /** Called with what the agent reports of itself, once for each connection on which it responds. */
  readonly onIntroduced?: (introduction: AgentIntroduction) => void;
}

export interface AgentIntroduction {
  readonly version: string;
  readonly isServing: boolean;
}

const FIRST_RETRY_MS = 100;
/** Less than a usual scrape interval, so that a recovered agent is queried at the next scrape. */
const MAX_RETRY_MS = 10_000;
/** An agent without the method, or one whose policy forbids it, will not change its mind while it runs. */
const REFUSAL_RETRY_MS = 5 * 60_000;

/** Limit for the version that a guest reports, for the log. */
const MAX_VERSION_CHARS = 64;

const NOT_THERE: Extract<AgentResult, { kind: 'failed' }> = {
  kind: 'failed',
  reason: 'connect',
  message: "The guest has not opened the agent's port yet, or has closed it",
};

const SLOW: Extract<AgentResult, { kind: 'failed' }> = {
  kind: 'failed',
  reason: 'slow',
  message: 'The agent exceeded its time in an earlier request, so this request did not wait for it',
};

/**
 * Bytes kept of a message over ttrpc's limit of 4 MiB: more than the policy accepts, so that the text is reported as
 * truncated.
 */
const KEPT_BYTES = agentPolicy.maxBytes + 64 * 1024;

/** Kinds of calls, for which slowness is recorded separately: the metrics text, and each container by its id. */
const METRICS = 'metrics';
const CONTAINER = 'container ';

/** Part of the timeout of a call that an exporter may use: the agent must have time to report that it was too slow. */
const EXPORTER_SHARE = 0.8;

type Failed = Extract<AgentResult, { kind: 'failed' }>;

const isOk = ({ kind }: AgentResult | StatsResult): boolean => kind === 'ok';

const LASTING_REASONS: ReadonlySet<AgentFailureReason> = new Set(['denied', 'unimplemented']);

export class AgentLink {
  readonly #options: AgentLinkOptions;
  readonly #backOff: BackOff;
  #client: CoreClient | undefined;
  #connecting: Promise<CoreClient> | undefined;
  #lastFailure: Failed | undefined;
  #refusal: { readonly result: Failed; readonly untilMs: number } | undefined;
  #underWay: Promise<AgentResult> | undefined;
  /** Calls in progress, by the ids of the containers. */
  readonly #statsUnderWay = new Map<string, Promise<StatsResult>>();
  readonly #closing = new AbortController();
  readonly #patience: Patience;

  constructor(options: AgentLinkOptions) {
    this.#options = options;
    const { now, random } = options;
    this.#backOff = new BackOff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, now, random });
    this.#patience = options.patience ?? new Patience();
  }

  /**
   * Requests the agent's text. Concurrent requests share one call, and with it the deadline of the first. After a slow call,
   * a request waits for the grace period only. The call continues, and the next request has its result.
   */
  getMetrics({ timeoutMs }: { readonly timeoutMs: number }): Promise<AgentResult> {
    return this.#patience.wait<AgentResult>(METRICS, () => this.#shareMetrics(timeoutMs), {
      toLate: (kept) => (kept?.kind === 'ok' ? { ...kept, isLate: true } : SLOW),
      isResponsive: () => this.#isResponsive(timeoutMs),
    });
  }

  #shareMetrics(timeoutMs: number): Promise<AgentResult> {
    this.#underWay ??= this.#queryMetrics(timeoutMs).finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** Requests one container's statistics; concurrent requests share a call. Its result does not affect `getMetrics`. */
  async statsContainer(containerId: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<StatsResult> {
    const early = this.#failAtOnce();
    if (early !== undefined) {
      return early;
    }
    const kind = `${CONTAINER}${containerId}`;
    // A request does not wait for a slow agent: without sharing, each one would add a call to those that it has not served.
    const call = (): Promise<StatsResult> => {
      let underWay = this.#statsUnderWay.get(containerId);
      if (underWay === undefined) {
        underWay = this.#patience
          .time(kind, () => this.#callStats(containerId, timeoutMs), isOk)
          .finally(() => this.#statsUnderWay.delete(containerId));
        this.#statsUnderWay.set(containerId, underWay);
      }
      return underWay;
    };
    return this.#patience.wait<StatsResult>(kind, call, {
      toLate: (kept) => kept ?? SLOW,
      isResponsive: () => this.#isResponsive(timeoutMs),
    });
  }

  /**
   * Requests the text of an exporter in the guest. Its result does not affect `getMetrics`. It always has all of its time: the
   * monitor waits for nothing else in that request.
   */
  async readExporter(
    address: string,
    { maxBytes, timeoutMs }: { readonly maxBytes: number; readonly timeoutMs: number },
  ): Promise<ExporterResult> {
    const early = this.#failAtOnce();
    if (early !== undefined) {
      return early;
    }
    const deadlineMs = this.#options.now() + timeoutMs;
    try {
      const client = await this.#reach(timeoutMs);
      const leftMs = deadlineMs - this.#options.now();
      const request = { address, maxBytes, timeoutMs: Math.max(1, Math.floor(leftMs * EXPORTER_SHARE)) };
      const { body, isTruncated } = await this.#call(client, ExporterService.method.readExporter, request, leftMs);
      return { kind: 'ok', text: Buffer.from(body.buffer, body.byteOffset, body.byteLength), isTruncated };
    } catch (error) {
      return toFailedExporter(error);
    }
  }

  /** Whether the agent responds to a health check on the open connection, in whatever way. */
  async #isResponsive(timeoutMs: number): Promise<boolean> {
    const client = this.#client;
    if (client === undefined) {
      return false;
    }
    try {
      await this.#call(client, Health.method.check, {}, timeoutMs);
      return true;
    } catch (error) {
      // An agent without the method, or one whose policy forbids it, has responded.
      return error instanceof TtrpcError && error.origin === 'peer';
    }
  }

  async #callStats(containerId: string, timeoutMs: number): Promise<StatsResult> {
    const deadlineMs = this.#options.now() + timeoutMs;
    try {
      const client = await this.#reach(timeoutMs);
      const leftMs = deadlineMs - this.#options.now();
      return {
        kind: 'ok',
        stats: await this.#call(client, AgentService.method.statsContainer, { containerId }, leftMs),
      };
    } catch (error) {
      return toFailedStats(error);
    }
  }

  close(): void {
    this.#closing.abort();
    this.#client?.close();
  }

  async #queryMetrics(timeoutMs: number): Promise<AgentResult> {
    const { now } = this.#options;
    if (this.#refusal !== undefined && now() < this.#refusal.untilMs) {
      return this.#refusal.result;
    }
    const early = this.#failAtOnce();
    if (early !== undefined) {
      return early;
    }
    return this.#patience.time(METRICS, () => this.#callMetrics(timeoutMs), isOk);
  }

  async #callMetrics(timeoutMs: number): Promise<AgentResult> {
    const { now } = this.#options;
    const deadlineMs = now() + timeoutMs;
    try {
      const client = await this.#reach(timeoutMs);
      const { metrics } = await this.#call(client, AgentService.method.getMetrics, {}, deadlineMs - now());
      this.#backOff.succeed();
      return { kind: 'ok', text: Buffer.from(metrics.buffer, metrics.byteOffset, metrics.byteLength) };
    } catch (error) {
      const text = readCutText(error);
      if (text !== undefined) {
        this.#backOff.succeed();
        return { kind: 'ok', text };
      }
      return this.#fail(toFailedResult(error));
    }
  }

  /** The failure to report without a call: no agent is listening, or the back-off has not expired. */
  #failAtOnce(): Failed | undefined {
    if (this.#client === undefined && this.#options.isThere?.() === false) {
      // An agent that opens the port after this is queried without delay.
      this.#backOff.succeed();
      return NOT_THERE;
    }
    const waitMs = this.#backOff.remainingMs();
    if (this.#client !== undefined || waitMs <= 0 || this.#lastFailure === undefined) {
      return undefined;
    }
    const { reason, message } = this.#lastFailure;
    return { kind: 'failed', reason, message: `${message} (next try in ${Math.ceil(waitMs)} ms)` };
  }

  /** The open connection, or a new one; concurrent requests share it. */
  async #reach(timeoutMs: number): Promise<CoreClient> {
    if (this.#client !== undefined) {
      return this.#client;
    }
    this.#connecting ??= this.#connect(timeoutMs).finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  #fail(failed: Failed): Failed {
    this.#lastFailure = failed;
    if (LASTING_REASONS.has(failed.reason)) {
      this.#refusal = { result: failed, untilMs: this.#options.now() + REFUSAL_RETRY_MS };
      this.#backOff.succeed();
    } else {
      this.#backOff.fail();
    }
    // A timeout may mean that the connection is dead without being closed, as after a guest was paused.
    if (failed.reason === 'deadline') {
      this.#client?.close();
      this.#client = undefined;
    }
    return failed;
  }

  async #connect(timeoutMs: number): Promise<CoreClient> {
    const stream = await this.#options.dial(this.#options.address, { timeoutMs, signal: this.#closing.signal });
    const client = new CoreClient(stream, { beginningBytes: KEPT_BYTES });
    this.#client = client;
    void client.closed.then(() => {
      if (this.#client === client) {
        this.#client = undefined;
        // A newer agent may accept the next connection.
        this.#refusal = undefined;
      }
    });
    void this.#introduce(client, timeoutMs);
    return client;
  }

  /** Concurrent with the first request, not before it: these responses are for the log only. */
  async #introduce(client: CoreClient, timeoutMs: number): Promise<void> {
    const [health, details] = await Promise.allSettled([
      this.#call(client, Health.method.check, {}, timeoutMs),
      this.#call(client, AgentService.method.getGuestDetails, {}, timeoutMs),
    ]);
    if (health.status === 'rejected' && details.status === 'rejected') {
      return;
    }
    this.#options.onIntroduced?.({
      isServing: health.status === 'fulfilled' && health.value.status === SERVING,
      version: ((details.status === 'fulfilled' && details.value.agentDetails?.version) || 'unknown').slice(
        0,
        MAX_VERSION_CHARS,
      ),
    });
  }

  async #call<I extends AnyMessageType, O extends AnyMessageType>(
    client: CoreClient,
    method: Method<'unary', I, O>,
    request: InitOf<I>,
    timeoutMs: number,
  ): Promise<ShapeOf<O>> {
    const startMs = this.#options.now();
    try {
      return await client.unary(method, request, { timeoutMs });
    } finally {
      this.#options.onRpc(method.input.typeName, this.#options.now() - startMs);
    }
  }
}
