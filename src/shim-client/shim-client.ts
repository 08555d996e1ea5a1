/**
 * Asks shims. Keeps one idle connection for each socket, so that a scrape need not connect again; the monitor has one
 * client, a program that asks once uses `getFromShim`.
 */
import type { ShimAnswer } from './answer.ts';
import { ShimConnection } from './connection.ts';
import { type ExchangeOptions, type ExchangeResult, exchange } from './exchange.ts';
import { isShimPath, type ShimPath } from './shim-path.ts';

export interface ShimRequest {
  /** Absolute path of the shim's management socket. The caller vouches for it: it is opened as it is. */
  readonly socketPath: string;
  readonly path: ShimPath;
  /** Milliseconds from now until the answer must be whole. */
  readonly timeoutMs: number;
  /** Bytes of body that are taken; a longer one is cut off there. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Gives memory for the body, at least so many bytes; default: new memory. The body of the answer is a part of it. */
  readonly allocate?: (bytes: number) => Buffer;
  /** Called with a number of bytes above 256 KiB before the body grows to it; gives how many of them may be kept. */
  readonly limitBytes?: (bytes: number) => number;
}

export interface ShimClientOptions {
  /** Connections kept open between requests, the longest unused going first; 0 keeps none. Default 1024. */
  readonly maxIdleConnections?: number;
  /** Connections at the same time, idle ones too; requests beyond it wait for one to end. Default: no limit. */
  readonly maxConnections?: number;
  /** An idle connection is closed after this time, or up to half of it later. Default 90,000: above the usual scrape interval of 15 to 60 s. */
  readonly idleTimeoutMs?: number;
}

/** An honest 55 KB answer comes in one read. */
const readBufferBytes = 128 * 1024;
/** The longest delay a Node timer takes. */
const maxTimeoutMs = 2 ** 31 - 1;

/** Between two attempts to connect, while there is nothing whose end could be waited for. */
const retryPauseMs = 50;
/** Attempts to connect while nothing of this client could free what is short. */
const maxLoneAttempts = 5;
/** Idle connections that are closed at once when there is no descriptor: one at a time would be short again at once. */
const idleToGiveUp = 8;

interface IdleConnection {
  readonly connection: ShimConnection;
  readonly sinceMs: number;
  /** Length of its last answer's body. */
  readonly expectedBytes: number | undefined;
}

export class ShimClient {
  readonly #maxIdleConnections: number;
  readonly #idleTimeoutMs: number;
  readonly #maxConnections: number;
  readonly #readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);
  /** By socket path, the longest unused first. */
  readonly #idle = new Map<string, IdleConnection>();
  /** Called when a connection has ended, or has become idle. */
  readonly #waiting = new Set<() => void>();
  #activeCount = 0;
  #sweep: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ShimClientOptions = {}) {
    this.#maxIdleConnections = options.maxIdleConnections ?? 1024;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? 90_000;
    this.#maxConnections = options.maxConnections ?? Number.POSITIVE_INFINITY;
  }

  /** Connections kept open right now. */
  get idleConnections(): number {
    return this.#idle.size;
  }

  /**
   * One GET. Whatever the shim does is a value.
   * @throws {RangeError} for a path that may not be sent to a shim, or a bound that is none.
   */
  async get(request: ShimRequest): Promise<ShimAnswer> {
    checkRequest(request);
    const { socketPath, ...rest } = request;
    const options = { ...rest, isKeptAlive: this.#maxIdleConnections > 0 && !this.#isClosed };
    const startMs = performance.now();
    const idle = this.#take(socketPath);
    if (idle !== undefined) {
      const { connection, expectedBytes } = idle;
      const { answer, isReusable, hasBegun } = await this.#exchange(connection, { ...options, expectedBytes });
      const isStale = answer.kind === 'failed' && answer.reason === 'reset' && !hasBegun;
      if (!isStale) {
        this.#keep(socketPath, connection, isReusable, answer);
        return answer;
      }
    }
    return this.#getAnew(socketPath, options, startMs + options.timeoutMs);
  }

  /** Over a connection of its own. What is short for a moment is waited for, as long as there is time. */
  async #getAnew(socketPath: string, options: ExchangeOptions, untilMs: number): Promise<ShimAnswer> {
    const { signal, timeoutMs } = options;
    for (let loneAttempts = 0; ; ) {
      // Without a pause between the last look and taking the place.
      while (!this.#hasPlace() && untilMs > performance.now() && signal?.aborted !== true) {
        await this.#pause(untilMs - performance.now(), signal);
      }
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 && signal?.aborted !== true) {
        return { kind: 'failed', reason: 'local_shortage', message: `no connection was free within ${timeoutMs} ms` };
      }
      const connection = new ShimConnection(socketPath, this.#readBuffer);
      const rest = { ...options, timeoutMs: Math.max(1, Math.ceil(leftMs)) };
      const { answer, isReusable, errorCode } = await this.#exchange(connection, rest);
      const isShort = answer.kind === 'failed' && answer.reason === 'local_shortage';
      if (errorCode === 'EAGAIN') {
        // The shim does not accept what it has already: as if it did not answer.
        if (untilMs - performance.now() <= retryPauseMs) {
          const message = `shim did not accept the connection within ${timeoutMs} ms`;
          return { kind: 'failed', reason: 'timeout', message };
        }
        await this.#pause(retryPauseMs, signal);
      } else if (isShort && untilMs - performance.now() > retryPauseMs && loneAttempts < maxLoneAttempts) {
        if (this.#closeIdle(idleToGiveUp) === 0) {
          // Another request gives its descriptor back when it ends; else another part of this program may.
          loneAttempts += this.#activeCount === 0 ? 1 : 0;
          await this.#pause(this.#activeCount === 0 ? retryPauseMs : untilMs - performance.now(), signal);
        }
      } else {
        this.#keep(socketPath, connection, isReusable, answer);
        return answer;
      }
    }
  }

  async #exchange(connection: ShimConnection, options: ExchangeOptions): Promise<ExchangeResult> {
    this.#activeCount += 1;
    try {
      return await exchange(connection, options);
    } finally {
      this.#activeCount -= 1;
      // After it has been kept, or not.
      queueMicrotask(() => this.#wake());
    }
  }

  /** Makes one by closing an idle connection, where that is possible. */
  #hasPlace(): boolean {
    const isFull = this.#activeCount + this.#idle.size >= this.#maxConnections;
    return !isFull || this.#closeIdle(1) === 1;
  }

  /** Until a connection is free, the signal fires, or the time is over. */
  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', resolve as () => void);
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    signal?.removeEventListener('abort', resolve as () => void);
    this.#waiting.delete(resolve);
  }

  /** The one that has waited longest. */
  #wake(): void {
    const [longest] = this.#waiting;
    if (longest !== undefined) {
      this.#waiting.delete(longest);
      longest();
    }
  }

  /** Closes idle connections, the longest unused first; returns how many. */
  #closeIdle(count: number): number {
    let closed = 0;
    for (const [socketPath, { connection }] of this.#idle) {
      if (closed === count) {
        break;
      }
      connection.destroy();
      this.#idle.delete(socketPath);
      closed += 1;
    }
    return closed;
  }

  /** Closes what is idle; requests under way go on to their end, and their connections are then closed too. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    for (const { connection } of this.#idle.values()) {
      connection.destroy();
    }
    this.#idle.clear();
  }

  #take(socketPath: string): IdleConnection | undefined {
    const idle = this.#idle.get(socketPath);
    this.#idle.delete(socketPath);
    return idle?.connection.isOver === false ? idle : undefined;
  }

  #keep(socketPath: string, connection: ShimConnection, isReusable: boolean, answer: ShimAnswer): void {
    if (!isReusable) {
      return;
    }
    if (this.#isClosed || this.#idle.has(socketPath)) {
      connection.destroy();
      return;
    }
    const expectedBytes = answer.kind === 'ok' ? answer.body.length : undefined;
    this.#idle.set(socketPath, { connection, sinceMs: performance.now(), expectedBytes });
    this.#sweep ??= setInterval(() => this.#closeUnused(), this.#idleTimeoutMs / 2).unref();
    const [longestUnused] = this.#idle.keys();
    if (this.#idle.size > this.#maxIdleConnections && longestUnused !== undefined) {
      this.#take(longestUnused)?.connection.destroy();
    }
  }

  #closeUnused(): void {
    const untilMs = performance.now() - this.#idleTimeoutMs;
    for (const [socketPath, { connection, sinceMs }] of this.#idle) {
      if (sinceMs <= untilMs || connection.isOver) {
        connection.destroy();
        this.#idle.delete(socketPath);
      }
    }
  }
}

/** @throws {RangeError} */
export function checkRequest({ path, timeoutMs, maxBytes }: ShimRequest): void {
  if (!isShimPath(path)) {
    throw new RangeError(
      `Cannot ask a shim for ${JSON.stringify(path)}: only metrics, agent-url and debug paths are sent`,
    );
  }
  if (!(timeoutMs > 0 && timeoutMs <= maxTimeoutMs)) {
    throw new RangeError(`Timeout must be above 0 and at most ${maxTimeoutMs} ms, got ${timeoutMs}`);
  }
  if (!Number.isSafeInteger(maxBytes) || maxBytes <= 0) {
    throw new RangeError(`Bound of the body must be a positive number of bytes, got ${maxBytes}`);
  }
}
