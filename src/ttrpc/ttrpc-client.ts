/**
 * The client for services that protoc-gen-es generated.
 */
import type { Duplex } from 'node:stream';
import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import type { CallOptions } from './call-options.ts';
import { type ClientOptions, CoreClient } from './client.ts';
import type { Requests } from './client-request.ts';
import { toMethod } from './descriptors.ts';
import type { TtrpcError } from './ttrpc-error.ts';

export interface TtrpcClientOptions extends ClientOptions {}

/**
 * A client over a connected stream, such as a `net.Socket`. It takes the stream for itself and destroys it at the end.
 * All calls fail with a TtrpcError: UNAVAILABLE when the connection is lost, all at once and for the same reason.
 *
 *     const client = new TtrpcClient(net.connect(path));
 *     const { metrics } = await client.unary(AgentService.method.getMetrics, {}, { timeoutMs: 3000 });
 *     client.close();
 */
export class TtrpcClient {
  /** Resolves with the reason when the connection is over; never rejects. Code CANCELLED means `close` was called. */
  readonly closed: Promise<TtrpcError>;
  readonly #core: CoreClient;

  constructor(stream: Duplex, options: TtrpcClientOptions = {}) {
    this.#core = new CoreClient(stream, options);
    this.closed = this.#core.closed;
  }

  /** Calls a method with one request and one response. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    return this.#core.unary(toMethod(method), request, options);
  }

  /**
   * Calls a method with one request and a stream of responses. The request is sent at once. Read the responses with
   * `for await`; leaving the loop early abandons the call.
   */
  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): AsyncIterableIterator<MessageShape<O>, undefined> {
    return this.#core.serverStream(toMethod(method), request, options);
  }

  /**
   * Calls a method with a stream of requests and one response. Requests are read from the iterable as fast as the
   * connection accepts them, until the response arrives. If the iterable throws, the call fails with CANCELLED and that
   * error as `cause`, and the end of the requests is never sent to the server.
   */
  clientStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    requests: Requests<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    return this.#core.clientStream(toMethod(method), requests, options);
  }

  /** Calls a method with a stream of requests and a stream of responses, independent of each other. */
  bidiStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    requests: Requests<I>,
    options: CallOptions = {},
  ): AsyncIterableIterator<MessageShape<O>, undefined> {
    return this.#core.bidiStream(toMethod(method), requests, options);
  }

  /** Closes the connection at once; active calls fail with CANCELLED. `closed` resolves when it is closed. */
  close(): void {
    this.#core.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
