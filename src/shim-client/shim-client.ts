/**
 * HTTP client of shims. Keeps one idle connection per socket, so that the next scrape need not connect. The monitor has one
 * client; a program that sends a single request uses `getFromShim`.
 */

import { addAbortListener } from 'node:events';
import { ShimConnection } from './connection.ts';
import { type ExchangeOptions, type ExchangeResult, exchange } from './exchange.ts';
import type { ShimResult } from './result.ts';
import { isShimPath, type ShimPath } from './shim-path.ts';

export interface ShimRequest {
  /** Absolute path of the shim's management socket. The caller must have checked it: it is opened as given. */
  readonly socketPath: string;
  readonly path: ShimPath;
  /** Milliseconds from now until the response must be complete. */
  readonly timeoutMs: number;
  /** Limit of the body in bytes; a longer body is truncated and fails. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Returns memory for the body, at least `bytes` bytes. Default: new memory. The body of the result is a view of it. */
  readonly allocate?: ((bytes: number) => Buffer) | undefined;
  /** Called before the body grows to `bytes` above 256 KiB; returns how many bytes may be kept. */
  readonly limitBytes?: ((bytes: number) => number) | undefined;
  /** Called before each attempt to connect: time that passed before it was spent on a shortage of this process. */
  readonly onAttempt?: (() => void) | undefined;
}

export interface ShimClientOptions {
  /** Limit of idle connections; the least recently used one is closed first. 0 keeps none. Default: 1024. */
  readonly maxIdleConnections?: number;
  /** Limit of open connections, including idle ones; further requests wait. Default: no limit. */
  readonly maxConnections?: number;
  /** An idle connection is closed after this time, at most half of it later. Default: 90,000, above the usual scrape interval of 15 to 60 s. */
  readonly idleTimeoutMs?: number;
}

/** A normal response of 55 KB fits in one read. */
const READ_BUFFER_BYTES = 128 * 1024;
/** The longest delay of a Node.js timer. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Pause between two attempts to connect, unless another request of this client ends before. */
const RETRY_PAUSE_MS = 50;
/** Limit of attempts to connect when no request of this client could free a resource. */
const MAX_LONE_ATTEMPTS = 5;
/** Idle connections that are closed together when no descriptor is left; after closing one, the next request would lack one again. */
const IDLE_TO_GIVE_UP = 8;

interface IdleConnection {
  readonly connection: ShimConnection;
  readonly sinceMs: number;
  /** Length of the last body received over it. */
  readonly expectedBytes: number | undefined;
}

/** A client for the shims of one node. Close it at the end. */
export class ShimClient {
  readonly #maxIdleConnections: number;
  readonly #idleTimeoutMs: number;
  readonly #maxConnections: number;
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  /** Idle connections by socket path, least recently used first. */
  readonly #idle = new Map<string, IdleConnection>();
  /** Requests that wait for a connection; called when a connection has ended or become idle. */
  readonly #waiting = new Set<() => void>();
  /** Connections of requests in progress. */
  readonly #active = new Set<ShimConnection>();
  #sweep: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ShimClientOptions = {}) {
    this.#maxIdleConnections = options.maxIdleConnections ?? 1024;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? 90_000;
    this.#maxConnections = options.maxConnections ?? Number.POSITIVE_INFINITY;
  }

  /** Number of idle connections. */
  get idleConnections(): number {
    return this.#idle.size;
  }

  /**
   * Sends one GET. Every failure of the shim is a value.
   * @throws {RangeError} for a path that may not be sent to a shim, or an invalid limit.
   */
  async get(request: ShimRequest): Promise<ShimResult> {
    checkRequest(request);
    const { socketPath, onAttempt, ...rest } = request;
    const options = { ...rest, isKeptAlive: this.#maxIdleConnections > 0 && !this.#isClosed };
    const startMs = performance.now();
    const idle = this.#take(socketPath);
    if (idle !== undefined) {
      const { connection, expectedBytes } = idle;
      const { result, isReusable, hasBegun } = await this.#exchange(connection, { ...options, expectedBytes });
      const isStale = result.kind === 'failed' && result.reason === 'reset' && !hasBegun;
      if (!isStale && !isShort(result)) {
        this.#keep(socketPath, connection, isReusable, result);
        return result;
      }
    }
    return this.#getAnew(socketPath, options, startMs + options.timeoutMs, onAttempt);
  }

  /** Uses a new connection. Waits for resources that are temporarily exhausted, until the deadline. */
  async #getAnew(
    socketPath: string,
    options: ExchangeOptions,
    untilMs: number,
    onAttempt?: () => void,
  ): Promise<ShimResult> {
    const { signal, timeoutMs } = options;
    for (let loneAttempts = 0; ; ) {
      // No await between the last check and opening the connection.
      while (!this.#hasPlace() && untilMs > performance.now() && signal?.aborted !== true) {
        await this.#pause(untilMs - performance.now(), signal);
      }
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 && signal?.aborted !== true) {
        return { kind: 'failed', reason: 'local_shortage', message: `no connection was free within ${timeoutMs} ms` };
      }
      onAttempt?.();
      const connection = new ShimConnection(socketPath, this.#readBuffer);
      const exchanged = await this.#exchange(connection, { ...options, leftMs: Math.max(1, Math.ceil(leftMs)) });
      const { result, isReusable, errorCode } = exchanged;
      if (errorCode === 'EAGAIN') {
        // The shim does not accept connections: the same as not responding.
        if (untilMs - performance.now() <= RETRY_PAUSE_MS) {
          const message = `shim did not accept the connection within ${timeoutMs} ms`;
          return { kind: 'failed', reason: 'timeout', message };
        }
        await this.#pause(RETRY_PAUSE_MS, signal);
      } else if (isShort(result) && untilMs - performance.now() > RETRY_PAUSE_MS && loneAttempts < MAX_LONE_ATTEMPTS) {
        if (this.#closeIdle(IDLE_TO_GIVE_UP) === 0) {
          // Another request frees its descriptor when it ends; if there is none, another part of this process may.
          loneAttempts += [...this.#active].some(({ isConnected }) => isConnected) ? 0 : 1;
          await this.#pause(RETRY_PAUSE_MS, signal);
        }
      } else {
        this.#keep(socketPath, connection, isReusable, result);
        return result;
      }
    }
  }

  async #exchange(connection: ShimConnection, options: ExchangeOptions): Promise<ExchangeResult> {
    this.#active.add(connection);
    try {
      const exchanged = await exchange(connection, options);
      // A request that got no descriptor frees none: otherwise, requests would wake each other without a pause.
      if (!isShort(exchanged.result)) {
        // After the connection was kept or closed.
        queueMicrotask(() => this.#wake());
      }
      return exchanged;
    } finally {
      this.#active.delete(connection);
    }
  }

  /** Whether another connection may be opened; closes an idle connection for it if necessary. */
  #hasPlace(): boolean {
    const isFull = this.#active.size + this.#idle.size >= this.#maxConnections;
    return !isFull || this.#closeIdle(1) === 1;
  }

  /** Waits until a connection is free, the signal fires, or `ms` have passed. */
  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const listener = signal && addAbortListener(signal, () => resolve());
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    listener?.[Symbol.dispose]();
    this.#waiting.delete(resolve);
  }

  /** Resumes the request that has waited longest. */
  #wake(): void {
    const [longest] = this.#waiting;
    if (longest !== undefined) {
      this.#waiting.delete(longest);
      longest();
    }
  }

  /** Closes up to `count` idle connections, least recently used first; returns how many. */
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

  /** Closes idle connections. Requests in progress continue, and their connections are closed afterwards. */
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

  #keep(socketPath: string, connection: ShimConnection, isReusable: boolean, result: ShimResult): void {
    if (!isReusable) {
      return;
    }
    if (this.#isClosed || this.#idle.has(socketPath)) {
      connection.destroy();
      return;
    }
    const expectedBytes = result.kind === 'ok' ? result.body.length : undefined;
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

function isShort(result: ShimResult): boolean {
  return result.kind === 'failed' && result.reason === 'local_shortage';
}

/** @throws {RangeError} */
export function checkRequest({ path, timeoutMs, maxBytes }: ShimRequest): void {
  if (!isShimPath(path)) {
    throw new RangeError(
      `Cannot request ${JSON.stringify(path)} from a shim: only metrics, exporter, agent-url and debug paths are allowed`,
    );
  }
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new RangeError(`Timeout must be above 0 and at most ${MAX_TIMEOUT_MS} ms, got ${timeoutMs}`);
  }
  if (!Number.isSafeInteger(maxBytes) || maxBytes <= 0) {
    throw new RangeError(`Limit of the body must be a positive number of bytes, got ${maxBytes}`);
  }
}

/**
 * One GET over a separate connection, for programs that query a shim occasionally and keep no connections: like
 * `ShimClient.get`, without a client to close.
 */
export function getFromShim(request: ShimRequest): Promise<ShimResult> {
  return new ShimClient({ maxIdleConnections: 0 }).get(request);
}
