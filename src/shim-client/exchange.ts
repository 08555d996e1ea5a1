/**
 * One request and its response over one connection, with its deadline, size limit and signal. Every outcome is a value; the
 * client decides whether to keep the connection.
 */

import { addAbortListener } from 'node:events';
import type { BodyBufferOptions } from './body-buffer.ts';
import type { ConnectionListener, ShimConnection } from './connection.ts';
import { ResponseDecoder } from './response-decoder.ts';
import { ProtocolError, type ResponseHead } from './response-head.ts';
import { NO_LISTENER, type ShimFailure, type ShimFailureReason, type ShimResult } from './result.ts';
import type { ShimPath } from './shim-path.ts';

export interface ExchangeOptions extends BodyBufferOptions {
  readonly path: ShimPath;
  /** Of the whole request, in milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds from now until the last byte of the response. Default: `timeoutMs`. */
  readonly leftMs?: number;
  /** Limit of the size of the body. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once, when the head of the response has arrived, before any byte of its body is passed on. */
  readonly onHead?: (head: ResponseHead) => void;
  readonly isKeptAlive: boolean;
  /** Length of the last body received over this connection. */
  readonly expectedBytes?: number | undefined;
}

export interface ExchangeResult {
  readonly result: ShimResult;
  /** Whether the connection can carry another request. */
  readonly isReusable: boolean;
  /** Whether any byte of a response arrived. If none did, a connection that had been idle was stale. */
  readonly hasBegun: boolean;
  /** The system's error code when connecting or the connection failed. */
  readonly errorCode: string | undefined;
}

/** Sends one GET and resolves to its result. */
export function exchange(connection: ShimConnection, options: ExchangeOptions): Promise<ExchangeResult> {
  return new Promise((resolve) => {
    new Exchange(connection, options, resolve).start();
  });
}

class Exchange implements ConnectionListener {
  readonly #connection: ShimConnection;
  readonly #options: ExchangeOptions;
  readonly #resolve: (result: ExchangeResult) => void;
  readonly #decoder: ResponseDecoder;
  #listener: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isSettled = false;
  #errorCode: string | undefined;

  constructor(connection: ShimConnection, options: ExchangeOptions, resolve: (result: ExchangeResult) => void) {
    this.#connection = connection;
    this.#options = options;
    this.#resolve = resolve;
    this.#decoder = new ResponseDecoder(options.maxBytes, options.expectedBytes, options);
  }

  start(): void {
    const { path, timeoutMs, leftMs = timeoutMs, signal, isKeptAlive } = this.#options;
    if (signal?.aborted === true) {
      this.#cancel();
      return;
    }
    this.#listener = signal && addAbortListener(signal, () => this.#cancel());
    this.#timer = setTimeout(() => this.#timeOut(), leftMs);
    const close = isKeptAlive ? '' : 'Connection: close\r\n';
    this.#connection.send(`GET ${path} HTTP/1.1\r\nHost: shim\r\n${close}\r\n`, this);
  }

  #cancel(): void {
    this.#fail('aborted', 'request was cancelled');
  }

  onBytes(piece: Buffer): void {
    try {
      const result = this.#decoder.push(piece);
      if (result === 'done') {
        this.#succeed();
      } else if (result === 'full') {
        this.#fail('too_large', `response body exceeds the limit of ${this.#decoder.body.length} bytes`);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        throw error;
      }
      this.#fail('protocol', error.message);
    }
  }

  onEnd(error: NodeJS.ErrnoException | undefined): void {
    this.#errorCode = error?.code;
    if (error === undefined && this.#decoder.isCompleteAtClose()) {
      this.#succeed();
    } else {
      this.#fail(...describeEnd(error, this.#decoder));
    }
  }

  #timeOut(): void {
    // If this process was busy past the deadline, the response may already be in the socket: read once more.
    setImmediate(() => this.#fail('timeout', `shim did not respond within ${this.#options.timeoutMs} ms`));
  }

  #succeed(): void {
    const { head, body } = this.#decoder;
    if (head === undefined || head.status !== 200) {
      this.#fail('http_status', `shim responded with status ${head?.status}`);
    } else {
      this.#settle({ kind: 'ok', status: 200, headers: head.headers, body: body.bytes() }, head.isReusable);
    }
  }

  #fail(reason: ShimFailureReason, message: string): void {
    const { head, body } = this.#decoder;
    const failure: ShimFailure = {
      kind: 'failed',
      reason,
      message,
      ...(head === undefined ? {} : { status: head.status, headers: head.headers }),
      ...(body.length === 0 ? {} : { partialBody: body.bytes() }),
    };
    this.#settle(failure, reason === 'http_status' && head?.isReusable === true);
  }

  #settle(result: ShimResult, isReusable: boolean): void {
    if (this.#isSettled) {
      return;
    }
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#listener?.[Symbol.dispose]();
    const canBeKept = isReusable && this.#options.isKeptAlive && !this.#connection.isOver;
    if (canBeKept) {
      this.#connection.release();
    } else {
      this.#connection.destroy();
    }
    this.#resolve({
      result,
      isReusable: canBeKept,
      hasBegun: this.#decoder.hasBegun,
      errorCode: this.#errorCode,
    });
  }
}

/** Shortages of this machine, by the error code of the system. */
const shortages: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no file descriptor left',
  ENFILE: 'this machine has no file descriptor left',
  ENOBUFS: 'this machine has no memory for sockets left',
  ENOMEM: 'this machine has no memory left',
};

function describeEnd(error: NodeJS.ErrnoException | undefined, decoder: ResponseDecoder): [ShimFailureReason, string] {
  const shortage = shortages[error?.code ?? ''];
  if (shortage !== undefined) {
    const what = error?.syscall === 'read' ? 'response cannot be read' : 'no connection can be opened';
    return ['local_shortage', `${what}: ${shortage}`];
  }
  switch (error?.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return ['missing', 'socket does not exist'];
    case 'ECONNREFUSED':
      return ['refused', NO_LISTENER];
    case 'EAGAIN':
      return ['refused', 'backlog of the listening socket is full'];
    case undefined:
    case 'ECONNRESET':
    case 'EPIPE':
      return ['reset', describeCut(decoder)];
    default:
      return ['refused', `cannot connect to the socket: ${error?.code}`];
  }
}

function describeCut({ head, hasBegun, body }: ResponseDecoder): string {
  if (head === undefined) {
    return hasBegun
      ? 'shim closed the connection within the head of the response'
      : 'shim closed the connection without a response';
  }
  const wanted = head.framing.kind === 'length' ? ` of ${head.framing.bytes}` : '';
  return `shim closed the connection after ${body.length}${wanted} bytes of the body`;
}
