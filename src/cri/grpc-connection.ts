/**
 * Unary calls of gRPC over HTTP/2 (its document PROTOCOL-HTTP2) on a unix socket: no retries, no compression, no streams.
 * Client libraries and `node:http2` were measured, and take 8 and 4 MiB more anonymous memory (docs/performance.md).
 * Called by `cri-client.ts`.
 */
import { addAbortListener } from 'node:events';
import { Code, decodeStatusText, messagePrefix } from '../grpc/index.ts';
import { GrpcError, MessageReader } from './grpc-message.ts';
import { Http2Connection } from './http2/connection.ts';
import type { GrpcHeaders } from './http2/hpack.ts';

/** Status of HTTP of each response that is gRPC. */
const SUCCESS = '200';

export interface GrpcCall {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly message: Uint8Array;
  readonly timeoutMs: number;
  /** Limit of the response, in bytes. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export class GrpcConnection {
  readonly #socketPath: string;
  #connection: Http2Connection | undefined = undefined;

  /** `socketPath` is absolute. Connects at the first call, and again after the connection has ended. */
  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /**
   * Resolves to the message of the response.
   * @throws {GrpcError} also for a response that is no gRPC (`internal`), and without a connection (`unavailable`)
   * @throws the signal's reason
   */
  async call(call: GrpcCall): Promise<Buffer> {
    call.signal?.throwIfAborted();
    const response = new UnaryResponse(this.#open(), call);
    const timer = setTimeout(
      () => response.cancel(new GrpcError(Code.deadlineExceeded, `no response within ${call.timeoutMs} ms`)),
      call.timeoutMs,
    );
    const listener = call.signal && addAbortListener(call.signal, () => response.cancel(call.signal?.reason));
    try {
      return await response.finished;
    } finally {
      clearTimeout(timer);
      listener?.[Symbol.dispose]();
    }
  }

  /** Ends the connection and the calls in progress; a call makes a new one. */
  close(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  #open(): Http2Connection {
    if (this.#connection?.isOpen !== true) {
      this.#connection = new Http2Connection(this.#socketPath);
    }
    return this.#connection;
  }
}

class UnaryResponse {
  readonly finished: Promise<Buffer>;
  readonly #message: MessageReader;
  readonly #cancelRequest: (why: Error) => void;
  /** The trailers among them. */
  #headers: GrpcHeaders = {};
  /** Why the call was ended from this side. */
  #cancelled: { readonly why: unknown } | undefined = undefined;

  constructor(connection: Http2Connection, { path, message, timeoutMs, maxBytes }: GrpcCall) {
    this.#message = new MessageReader(maxBytes);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.finished = promise;
    const headers = {
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${Math.max(1, Math.ceil(timeoutMs))}m`,
    };
    this.#cancelRequest = connection.start(
      { path, headers, body: Buffer.concat([messagePrefix(message.length, false), message]) },
      {
        onHeaders: (more) => {
          this.#headers = { ...this.#headers, ...more };
        },
        onData: (chunk) => this.#take(chunk),
        onEnd: (fault) => {
          try {
            resolve(this.#finish(fault));
          } catch (why) {
            reject(why);
          }
        },
      },
    );
  }

  cancel(why: unknown): void {
    this.#cancelled ??= { why };
    this.#cancelRequest(new Error('cancelled'));
  }

  #take(chunk: Buffer): void {
    if (this.#headers[':status'] !== SUCCESS) {
      // The page of an error, and no message.
      return;
    }
    try {
      this.#message.push(chunk);
    } catch (why) {
      this.cancel(why);
    }
  }

  #finish(fault: Error | undefined): Buffer {
    if (this.#cancelled !== undefined) {
      throw this.#cancelled.why;
    }
    if (fault !== undefined) {
      throw new GrpcError(Code.unavailable, fault.message);
    }
    const statusFault = findStatusFault(this.#headers);
    if (statusFault !== undefined) {
      throw statusFault;
    }
    return this.#message.finish();
  }
}

/** The status is in the trailers or, in a response without a message, in the headers. */
function findStatusFault(headers: GrpcHeaders): GrpcError | undefined {
  const { ':status': httpStatus, 'grpc-status': text, 'grpc-message': message } = headers;
  if (text === undefined) {
    return new GrpcError(
      statusOfHttp(Number(httpStatus)),
      `response with HTTP status ${httpStatus} has no status of gRPC`,
    );
  }
  const status = /^[0-9]{1,3}$/.test(text) ? Number(text) : Code.unknown;
  return status === Code.ok ? undefined : new GrpcError(status, decodeStatusText(message ?? `status ${text}`));
}

/** Status of gRPC for a response without one, by the document "HTTP to gRPC Status Code Mapping". */
function statusOfHttp(httpStatus: number): number {
  switch (httpStatus) {
    case 200:
    case 400:
      return Code.internal;
    case 404:
      return Code.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.unavailable;
    default:
      return Code.unknown;
  }
}
