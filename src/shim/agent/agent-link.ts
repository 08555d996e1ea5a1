/**
 * The shim's line to its agent: one connection, made when it is needed and made again after it was lost, with a back-off.
 * Called for each request for metrics. Never throws for what the agent does, never waits longer than it is told, and asks
 * nothing on its own.
 */
import type { Duplex } from 'node:stream';
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { AgentService, Health } from '../../proto/index.ts';
import type { Address, DialOptions } from '../../transport/index.ts';
import { TtrpcClient } from '../../ttrpc/index.ts';
import { BackOff } from '../processes/back-off.ts';
import {
  type AgentAnswer,
  type AgentFailureReason,
  type StatsAnswer,
  toFailedAnswer,
  toFailedStats,
} from './agent-answer.ts';
import { agentPolicy } from './agent-policy.ts';
import { readCutText } from './cut-text.ts';
import { Patience } from './patience.ts';

export interface AgentLinkOptions {
  readonly address: Address;
  /** False while it is known that nobody would answer. Default: nothing is known. */
  readonly isThere?: () => boolean;
  readonly dial: (address: Address, options: DialOptions) => Promise<Duplex>;
  /** Milliseconds that only go up. */
  readonly now: () => number;
  readonly random: () => number;
  /** Told of every RPC that was made, failed ones too: `action` is the full name of its request message. */
  readonly onRpc: (action: string, durationMs: number) => void;
  /** Called with what the agent reports of itself, once for each connection on which it responds. */
  readonly onIntroduced?: (introduction: AgentIntroduction) => void;
}

export interface AgentIntroduction {
  readonly version: string;
  readonly isServing: boolean;
}

const FIRST_RETRY_MS = 100;
/** Less than a usual scrape interval, so that an agent that is back is asked at the next scrape. */
const MAX_RETRY_MS = 10_000;
/** An agent without the method, or one whose policy forbids it, will not change its mind while it runs. */
const REFUSAL_RETRY_MS = 5 * 60_000;

/** Of what a guest calls itself, for the log. */
const MAX_VERSION_CHARS = 64;

const NOT_THERE: Extract<AgentAnswer, { kind: 'failed' }> = {
  kind: 'failed',
  reason: 'connect',
  message: 'The guest has not opened the line of its agent yet, or no longer has it open',
};

const SLOW: Extract<AgentAnswer, { kind: 'failed' }> = {
  kind: 'failed',
  reason: 'slow',
  message: 'The agent was slow before, so that this request did not wait for it',
};

/** Of a message over 4 MiB, which ttrpc does not take: more text than is passed on, so that it is seen to be cut. */
const KEPT_BYTES = agentPolicy.maxBytes + 64 * 1024;

/** Kinds of calls, by which it is remembered which are slow: the text, and with its id each container. */
const METRICS = 'metrics';
const CONTAINER = 'container ';

type Failed = Extract<AgentAnswer, { kind: 'failed' }>;

const LASTING_REASONS: ReadonlySet<AgentFailureReason> = new Set(['denied', 'unimplemented']);

export class AgentLink {
  readonly #options: AgentLinkOptions;
  readonly #backOff: BackOff;
  #client: TtrpcClient | undefined;
  #connecting: Promise<TtrpcClient> | undefined;
  #lastFailure: Failed | undefined;
  #refusal: { readonly answer: Failed; readonly untilMs: number } | undefined;
  #underWay: Promise<AgentAnswer> | undefined;
  readonly #closing = new AbortController();
  readonly #patience: Patience;

  constructor(options: AgentLinkOptions) {
    this.#options = options;
    const { now, random } = options;
    this.#backOff = new BackOff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, now, random });
    this.#patience = new Patience();
  }

  /**
   * Requests the agent's text. Requests at the same time share one call, and so the deadline of the first. After a call that
   * was slow, the response `slow` comes after the grace period, and the call goes on.
   */
  getMetrics(options: { readonly timeoutMs: number }): Promise<AgentAnswer> {
    this.#underWay ??= this.#ask(options.timeoutMs).finally(() => {
      this.#underWay = undefined;
    });
    return this.#patience.wait(METRICS, this.#underWay, SLOW);
  }

  /** Requests one container's statistics. What becomes of it changes nothing for the text. */
  async statsContainer(containerId: string, { timeoutMs }: { readonly timeoutMs: number }): Promise<StatsAnswer> {
    const early = this.#answerAtOnce();
    if (early !== undefined) {
      return early;
    }
    const kind = `${CONTAINER}${containerId}`;
    const call = this.#patience.time(kind, () => this.#callStats(containerId, timeoutMs));
    return this.#patience.wait<StatsAnswer>(kind, call, SLOW);
  }

  async #callStats(containerId: string, timeoutMs: number): Promise<StatsAnswer> {
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

  async #ask(timeoutMs: number): Promise<AgentAnswer> {
    const { now } = this.#options;
    if (this.#refusal !== undefined && now() < this.#refusal.untilMs) {
      return this.#refusal.answer;
    }
    const early = this.#answerAtOnce();
    if (early !== undefined) {
      return early;
    }
    return this.#patience.time(METRICS, () => this.#callMetrics(timeoutMs));
  }

  async #callMetrics(timeoutMs: number): Promise<AgentAnswer> {
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
      return this.#fail(toFailedAnswer(error));
    }
  }

  /** While nobody is there, or it is too early to try once more: then it is the last failure again. */
  #answerAtOnce(): Failed | undefined {
    if (this.#client === undefined && this.#options.isThere?.() === false) {
      // Whoever opens the line after this is to be asked at once.
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

  /** The connection that is there, or one that is made; questions at the same time share it. */
  async #reach(timeoutMs: number): Promise<TtrpcClient> {
    if (this.#client !== undefined) {
      return this.#client;
    }
    this.#connecting ??= this.#connect(timeoutMs).finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  #fail(answer: Failed): Failed {
    this.#lastFailure = answer;
    if (LASTING_REASONS.has(answer.reason)) {
      this.#refusal = { answer, untilMs: this.#options.now() + REFUSAL_RETRY_MS };
      this.#backOff.succeed();
    } else {
      this.#backOff.fail();
    }
    // A call that got no answer in time may mean that the line is dead without being closed, as when a guest was paused.
    if (answer.reason === 'deadline') {
      this.#client?.close();
      this.#client = undefined;
    }
    return answer;
  }

  async #connect(timeoutMs: number): Promise<TtrpcClient> {
    const stream = await this.#options.dial(this.#options.address, { timeoutMs, signal: this.#closing.signal });
    const client = new TtrpcClient(stream, { beginningBytes: KEPT_BYTES });
    this.#client = client;
    void client.closed.then(() => {
      if (this.#client === client) {
        this.#client = undefined;
        // Whoever answers the next connection may be a newer agent.
        this.#refusal = undefined;
      }
    });
    void this.#introduce(client, timeoutMs);
    return client;
  }

  /** Beside the first question, not before it: these answers are for the log only. */
  async #introduce(client: TtrpcClient, timeoutMs: number): Promise<void> {
    const [health, details] = await Promise.allSettled([
      this.#call(client, Health.method.check, {}, timeoutMs),
      this.#call(client, AgentService.method.getGuestDetails, {}, timeoutMs),
    ]);
    if (health.status === 'rejected' && details.status === 'rejected') {
      return;
    }
    this.#options.onIntroduced?.({
      isServing: health.status === 'fulfilled' && health.value.status === 1,
      version: ((details.status === 'fulfilled' && details.value.agentDetails?.version) || 'unknown').slice(
        0,
        MAX_VERSION_CHARS,
      ),
    });
  }

  async #call<I extends DescMessage, O extends DescMessage>(
    client: TtrpcClient,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    timeoutMs: number,
  ): Promise<MessageShape<O>> {
    const startMs = this.#options.now();
    try {
      return await client.unary(method, request, { timeoutMs });
    } finally {
      this.#options.onRpc(method.input.typeName, this.#options.now() - startMs);
    }
  }
}
