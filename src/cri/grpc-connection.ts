/**
 * Unary calls of gRPC over HTTP/2 (its document PROTOCOL-HTTP2) on a unix socket: no retries, no compression, no streams. On
 * `node:http2`, because the client libraries that were measured take 3.5 MiB more anonymous memory (docs/performance.md). Called
 * by `cri-client.ts`, which loads this file when there is a socket.
 */
import { addAbortListener } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';

/** The status codes of gRPC that this client knows. */
export const grpcStatus = {
  ok: 0,
  unknown: 2,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  /** Any status code of gRPC. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface GrpcCall {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly message: Uint8Array;
  readonly timeoutMs: number;
  /** Limit of the response, in bytes. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** In front of each message: whether it is compressed, and its length in four bytes. */
const PREFIX_BYTES = 5;
/** Of one response in transit. gRPC servers send more than the 64 KiB of HTTP/2 at a time, if they may. */
const WINDOW_BYTES = 1024 * 1024;

export class GrpcConnection {
  readonly #socketPath: string;
  #session: ClientHttp2Session | undefined = undefined;
  #fault: Error | undefined = undefined;

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
    const session = this.#open();
    session.ref();
    const stream = session.request({
      ':method': 'POST',
      ':path': call.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${Math.max(1, Math.ceil(call.timeoutMs))}m`,
    });
    const response = new UnaryResponse(session, stream, call.maxBytes);
    const timer = setTimeout(
      () => response.cancel(new GrpcError(grpcStatus.deadlineExceeded, `no response within ${call.timeoutMs} ms`)),
      call.timeoutMs,
    );
    const listener = call.signal && addAbortListener(call.signal, () => response.cancel(call.signal?.reason));
    try {
      stream.end(frame(call.message));
      return await response.finished;
    } catch (error) {
      throw error instanceof GrpcError && error.status === grpcStatus.unavailable && this.#fault !== undefined
        ? new GrpcError(error.status, this.#fault.message)
        : error;
    } finally {
      clearTimeout(timer);
      listener?.[Symbol.dispose]();
    }
  }

  /** Ends the connection and the calls in progress; a call makes a new one. */
  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  #open(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#fault = undefined;
      const session = process.getBuiltinModule('node:http2').connect('http://localhost', {
        createConnection: () => connect(this.#socketPath),
        settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      });
      session.on('error', (error) => {
        this.#fault = error;
      });
      session.once('connect', () => session.setLocalWindowSize(WINDOW_BYTES));
      this.#session = session;
    }
    return this.#session;
  }
}

function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(PREFIX_BYTES + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

class UnaryResponse {
  readonly finished: Promise<Buffer>;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #headers: IncomingHttpHeaders = {};
  #trailers: IncomingHttpHeaders = {};
  /** Why the call was ended from this side. */
  #cancelled: { readonly why: unknown } | undefined = undefined;

  constructor(session: ClientHttp2Session, stream: ClientHttp2Stream, maxBytes: number) {
    this.#session = session;
    this.#stream = stream;
    this.#maxBytes = maxBytes;
    stream.on('response', (headers) => {
      this.#headers = headers;
    });
    stream.on('trailers', (trailers) => {
      this.#trailers = trailers;
    });
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    // The end of the stream says what is to be said.
    stream.on('error', () => undefined);
    this.finished = new Promise((resolve, reject) => {
      stream.once('close', () => {
        const fault = this.#findFault();
        if (fault === undefined) {
          resolve(Buffer.concat(this.#chunks).subarray(PREFIX_BYTES));
        } else {
          reject(fault.why);
        }
      });
    });
  }

  cancel(why: unknown): void {
    this.#cancelled ??= { why };
    this.#stream.close(process.getBuiltinModule('node:http2').constants.NGHTTP2_CANCEL);
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > PREFIX_BYTES + this.#maxBytes) {
      this.cancel(new GrpcError(grpcStatus.resourceExhausted, `response exceeds the limit of ${this.#maxBytes} bytes`));
    } else {
      this.#chunks.push(chunk);
    }
  }

  #findFault(): { readonly why: unknown } | undefined {
    if (this.#cancelled !== undefined) {
      return this.#cancelled;
    }
    const fault = findStatusFault(this.#headers, this.#trailers, !this.#session.destroyed) ?? this.#findFramingFault();
    return fault && { why: fault };
  }

  #findFramingFault(): GrpcError | undefined {
    const head = Buffer.concat(this.#chunks.slice(0, PREFIX_BYTES)).subarray(0, PREFIX_BYTES);
    const isWhole =
      head.length === PREFIX_BYTES && head[0] === 0 && head.readUInt32BE(1) === this.#bytes - PREFIX_BYTES;
    return isWhole ? undefined : new GrpcError(grpcStatus.internal, 'response is not one uncompressed message');
  }
}

/** The status is in the trailers or, in a response without a message, in the headers. */
function findStatusFault(
  headers: IncomingHttpHeaders,
  trailers: IncomingHttpHeaders,
  isConnected: boolean,
): GrpcError | undefined {
  const { 'grpc-status': text, 'grpc-message': message } = { ...headers, ...trailers };
  if (text === undefined) {
    const httpStatus = headers[':status'];
    return httpStatus === undefined || !isConnected
      ? new GrpcError(grpcStatus.unavailable, 'connection ended before the end of the response')
      : new GrpcError(
          statusOfHttp(Number(httpStatus)),
          `response with HTTP status ${httpStatus} has no status of gRPC`,
        );
  }
  const status = /^[0-9]{1,3}$/.test(String(text)) ? Number(text) : grpcStatus.unknown;
  return status === grpcStatus.ok ? undefined : new GrpcError(status, decodeMessage(`${message ?? `status ${text}`}`));
}

/** As the document "HTTP to gRPC Status Code Mapping" has it. */
function statusOfHttp(httpStatus: number): number {
  switch (httpStatus) {
    case 200:
    case 400:
      return grpcStatus.internal;
    case 404:
      return grpcStatus.unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return grpcStatus.unavailable;
    default:
      return grpcStatus.unknown;
  }
}

/** Percent-encoded UTF-8. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
