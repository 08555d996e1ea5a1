/**
 * The calling side of a ttrpc connection: any number of calls, of all four kinds, at the same time.
 * Knows no service: a call names its method, with the types of its messages.
 */
import type { Duplex } from 'node:stream';
import { Code } from '../grpc/index.ts';
import type { AnyMessageType, Method } from '../wire/index.ts';
import type { CallOptions } from './call-options.ts';
import { ClientCall, type ClientCallSink, describeAbort } from './client-call.ts';
import { CALLER_IS_WRONG, encodeRequest, type Requests, requestFlags, type Sending } from './client-request.ts';
import { Connection, type ConnectionEnd } from './connection.ts';
import { FrameType, MAX_STREAM_ID } from './frame.ts';
import type { FrameEvent } from './frame-decoder.ts';
import { type Limits, resolveLimits } from './limits.ts';
import { checkSendable, decodeMessage, encodeMessage } from './message-codec.ts';
import type { InitOf, ShapeOf } from './message-types.ts';
import { fullMethodName } from './method-name.ts';
import { pump } from './pump.ts';
import { ReceiveQueue } from './receive-queue.ts';
import { nameMethod, TtrpcError } from './ttrpc-error.ts';

export interface ClientOptions extends Partial<Limits> {
  /**
   * How many bytes of a response over `maxMessageBytes` to keep for `TtrpcError.beginning`. At most `maxMessageBytes`.
   * Default: 0.
   */
  readonly beginningBytes?: number;
}

const EMPTY = Buffer.alloc(0);

/**
 * A client over a connected stream, such as a `net.Socket`. It takes the stream for itself and destroys it at the end.
 * All calls fail with a TtrpcError: UNAVAILABLE when the connection is lost, all at once and for the same reason.
 *
 *     const client = new CoreClient(net.connect(path));
 *     const { metrics } = await client.unary(AgentService.method.getMetrics, {}, { timeoutMs: 3000 });
 *     client.close();
 */
export class CoreClient {
  /** Resolves with the reason when the connection is over; never rejects. Code CANCELLED means `close` was called. */
  readonly closed: Promise<TtrpcError>;
  readonly #limits: Limits;
  readonly #connection: Connection;
  readonly #calls = new Map<number, ClientCall>();
  #end: ConnectionEnd | undefined;
  #nextStreamId = 1;

  constructor(stream: Duplex, options: ClientOptions = {}) {
    this.#limits = resolveLimits(options);
    const { promise, resolve } = Promise.withResolvers<TtrpcError>();
    this.closed = promise;
    this.#connection = new Connection(stream, {
      maxPayloadBytes: this.#limits.maxMessageBytes,
      beginningBytes: options.beginningBytes ?? 0,
      onEvent: (event) => this.#receive(event),
      onEnd: (end) => {
        this.#end = end;
        for (const call of [...this.#calls.values()]) {
          call.fail(endCode(end), end.reason, end.cause);
        }
        resolve(new TtrpcError(endCode(end), end.reason, { cause: end.cause }));
      },
    });
  }

  /** Calls a method with one request and one response. */
  unary<I extends AnyMessageType, O extends AnyMessageType>(
    method: Method<'unary', I, O>,
    request: InitOf<I>,
    options: CallOptions = {},
  ): Promise<ShapeOf<O>> {
    return this.#callForOne(method, { kind: 'one', request }, options);
  }

  /**
   * Calls a method with one request and a stream of responses. The request is sent at once. Read the responses with
   * `for await`; leaving the loop early abandons the call.
   */
  serverStream<I extends AnyMessageType, O extends AnyMessageType>(
    method: Method<'server_streaming', I, O>,
    request: InitOf<I>,
    options: CallOptions = {},
  ): AsyncIterableIterator<ShapeOf<O>, undefined> {
    return this.#callForMany(method, { kind: 'one', request }, options);
  }

  /**
   * Calls a method with a stream of requests and one response. Requests are read from the iterable as fast as the
   * connection accepts them, until the response arrives. If the iterable throws, the call fails with CANCELLED and that
   * error as `cause`, and the end of the requests is never sent to the server.
   */
  clientStream<I extends AnyMessageType, O extends AnyMessageType>(
    method: Method<'client_streaming', I, O>,
    requests: Requests<I>,
    options: CallOptions = {},
  ): Promise<ShapeOf<O>> {
    return this.#callForOne(method, { kind: 'many', requests }, options);
  }

  /** Calls a method with a stream of requests and a stream of responses, independent of each other. */
  bidiStream<I extends AnyMessageType, O extends AnyMessageType>(
    method: Method<'bidi_streaming', I, O>,
    requests: Requests<I>,
    options: CallOptions = {},
  ): AsyncIterableIterator<ShapeOf<O>, undefined> {
    return this.#callForMany(method, { kind: 'many', requests }, options);
  }

  /** Closes the connection at once; active calls fail with CANCELLED. `closed` resolves when it is closed. */
  close(): void {
    this.#connection.destroy('Client was closed');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #callForOne<O extends AnyMessageType>(
    method: Method & { output: O },
    sending: Sending,
    options: CallOptions,
  ): Promise<ShapeOf<O>> {
    return new Promise((resolve, reject) => {
      let response: Uint8Array = EMPTY;
      const onMessage = (payload: Uint8Array): boolean => {
        response = payload;
        return true;
      };
      const onEnd = (): void => {
        try {
          resolve(decodeMessage(method.output, response, { code: Code.internal, method: fullMethodName(method) }));
        } catch (error) {
          reject(error);
        }
      };
      this.#open(method, sending, options, { onMessage, onEnd, onError: reject });
    });
  }

  #callForMany<O extends AnyMessageType>(
    method: Method & { output: O },
    sending: Sending,
    options: CallOptions,
  ): ReceiveQueue<ShapeOf<O>> {
    const name = fullMethodName(method);
    let call: ClientCall | undefined;
    const queue = new ReceiveQueue<ShapeOf<O>>({
      decode: (payload) => decodeMessage(method.output, payload, { code: Code.internal, method: name }),
      maxBufferedBytes: this.#limits.maxStreamBufferBytes,
      onAbandoned: (cause) => call?.fail(Code.cancelled, 'Abandoned by the reader of its responses', cause),
    });
    call = this.#open(method, sending, options, {
      onMessage: (payload) => queue.push(payload),
      onEnd: () => queue.end(),
      // Messages that the peer sent before its error are still valid; an error of this side ends the call at once.
      onError: (error) => (error.origin === 'peer' ? queue.fail(error) : queue.abort(error)),
    });
    return queue;
  }

  /** Sends the request. Problems are reported to the sink, wrong use is thrown; undefined if no call was made. */
  #open(method: Method, sending: Sending, options: CallOptions, sink: ClientCallSink): ClientCall | undefined {
    checkTimeout(options.timeoutMs);
    let bytes: Uint8Array;
    try {
      this.#checkCallable(options);
      bytes = encodeRequest(method, sending, options);
      checkSendable('Request', bytes.length, this.#limits.maxMessageBytes);
    } catch (error) {
      if (!(error instanceof TtrpcError)) {
        throw error;
      }
      sink.onError(nameMethod(error, fullMethodName(method)));
      return undefined;
    }
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    const over = sending.kind === 'many' ? new AbortController() : undefined;
    const call = new ClientCall({
      ...options,
      ...sink,
      method,
      maxMessageBytes: this.#limits.maxMessageBytes,
      onOver: () => {
        this.#calls.delete(streamId);
        over?.abort();
      },
    });
    this.#calls.set(streamId, call);
    this.#connection.send(streamId, FrameType.request, requestFlags(method), bytes);
    if (sending.kind === 'many' && over !== undefined) {
      void this.#sendRequests({ method, requests: sending.requests, streamId, call, signal: over.signal });
    }
    return call;
  }

  /** Never rejects: what goes wrong fails the call. */
  async #sendRequests(stream: {
    method: Method;
    requests: AsyncIterable<unknown> | Iterable<unknown>;
    streamId: number;
    call: ClientCall;
    signal: AbortSignal;
  }): Promise<void> {
    const { method, requests, streamId, call, signal } = stream;
    const write = async (request: unknown): Promise<void> => {
      const bytes = encodeMessage(method.input, request, CALLER_IS_WRONG);
      checkSendable('Request', bytes.length, this.#limits.maxMessageBytes);
      this.#connection.send(streamId, FrameType.data, 0, bytes);
      await this.#connection.ready();
    };
    try {
      await pump({ messages: requests, write, signal });
      if (!call.isOver) {
        this.#connection.sendClose(streamId);
      }
    } catch (error) {
      if (error instanceof TtrpcError) {
        call.fail(error.code, error.rawMessage);
      } else {
        call.fail(Code.cancelled, 'Requests could not be had from the caller', error);
      }
    }
  }

  #checkCallable({ signal, timeoutMs }: CallOptions): void {
    if (this.#end !== undefined) {
      throw new TtrpcError(endCode(this.#end), this.#end.reason, { cause: this.#end.cause });
    }
    if (signal?.aborted) {
      const [code, text, cause] = describeAbort(signal.reason);
      throw new TtrpcError(code, text, { cause });
    }
    if (timeoutMs !== undefined && timeoutMs <= 0) {
      throw new TtrpcError(Code.deadlineExceeded, `Its timeout of ${timeoutMs} ms had passed before it was sent`);
    }
    const { maxConcurrentCalls } = this.#limits;
    if (this.#calls.size >= maxConcurrentCalls) {
      const text = `Connection has ${this.#calls.size} calls under way, at most ${maxConcurrentCalls} are allowed`;
      throw new TtrpcError(Code.resourceExhausted, text);
    }
    if (this.#nextStreamId > MAX_STREAM_ID) {
      throw new TtrpcError(Code.unavailable, 'Connection has used all its stream ids, open a new one');
    }
  }

  #receive(event: FrameEvent): void {
    // An unknown stream: the response to a call that was cancelled here.
    this.#calls.get(event.header.streamId)?.receive(event);
  }
}

function endCode(end: ConnectionEnd): Exclude<Code, 0> {
  return end.kind === 'closed-here' ? Code.cancelled : Code.unavailable;
}

function checkTimeout(timeoutMs: number | undefined): void {
  if (Number.isNaN(timeoutMs)) {
    throw new RangeError('Option "timeoutMs" must be a number of milliseconds, got NaN');
  }
}
