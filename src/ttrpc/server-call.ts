/**
 * One call on the server: runs its handler, passes the client's stream to it, and sends its response, once. Created by
 * server-connection.ts for an accepted request.
 */

import { Code } from '../grpc/index.ts';
import { type Request, ResponseType } from '../proto/envelope-messages.ts';
import { byteLengthOf, type Connection } from './connection.ts';
import { fromTimeoutNano, startDeadline } from './deadline.ts';
import { encodePayloadPrefix } from './envelope.ts';
import { FrameFlag, FrameType } from './frame.ts';
import { type Limits, MAX_ENVELOPE_BYTES } from './limits.ts';
import { checkSendable, decodeMessage, encodeMessage, encodeMessageParts } from './message-codec.ts';
import { decodeMetadata } from './metadata.ts';
import { fullMethodName } from './method-name.ts';
import { pump } from './pump.ts';
import { ReceiveQueue } from './receive-queue.ts';
import type { HandlerContext, ServedMethod } from './service.ts';
import { errorToStatus } from './status.ts';
import { TtrpcError, toTtrpcError } from './ttrpc-error.ts';

export interface ServerCallOptions {
  streamId: number;
  request: Request;
  /** Flags of the request frame. */
  flags: number;
  served: ServedMethod;
  connection: Connection;
  limits: Limits;
  /** Errors that a handler throws, except TtrpcErrors, which are its response. */
  onError: (error: unknown, context: HandlerContext) => void;
}

const HANDLER_IS_WRONG = { code: Code.internal } as const;
const CLIENT_IS_WRONG = { code: Code.invalidArgument } as const;

export class ServerCall {
  readonly #options: ServerCallOptions;
  readonly #controller = new AbortController();
  readonly #context: HandlerContext;
  readonly #requests: ReceiveQueue<unknown> | undefined;
  readonly #stopDeadline: (() => void) | undefined;
  #hasResponded = false;

  constructor(options: ServerCallOptions) {
    this.#options = options;
    const { request, served } = options;
    const timeoutMs = fromTimeoutNano(request.timeoutNano);
    this.#context = {
      signal: this.#controller.signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
      metadata: decodeMetadata(request.metadata),
      service: request.service,
      method: request.method,
    };
    this.#requests = this.#openRequests();
    if (timeoutMs !== undefined) {
      this.#stopDeadline = startDeadline(timeoutMs, () => {
        const method = fullMethodName(served.descriptor);
        this.abort(new TtrpcError(Code.deadlineExceeded, `"${method}" did not finish within ${timeoutMs} ms`));
      });
    }
  }

  /** Runs the handler to its end. Resolves when it has settled, also if the response was sent before; never rejects. */
  async run(): Promise<void> {
    const { descriptor } = this.#options.served;
    try {
      const isServerStreaming =
        descriptor.methodKind === 'server_streaming' || descriptor.methodKind === 'bidi_streaming';
      if (isServerStreaming) {
        await this.#runForMany();
      } else {
        await this.#runForOne();
      }
    } catch (error) {
      this.#answerError(error);
    } finally {
      this.#stopDeadline?.();
      this.#requests?.abort(new TtrpcError(Code.cancelled, 'Call is over'));
    }
  }

  /** A data frame of the client. Ignored after the response, or when the method has a single request. */
  receiveData(flags: number, payload: Buffer): void {
    if (this.#hasResponded || this.#requests === undefined) {
      return;
    }
    if ((flags & FrameFlag.noData) === 0 && !this.#requests.push(payload)) {
      const text = 'Requests came faster than they were read, and their buffer is full';
      this.abort(new TtrpcError(Code.resourceExhausted, text));
      return;
    }
    if ((flags & FrameFlag.remoteClosed) !== 0) {
      this.#requests.end();
    }
  }

  /** Responds with the error now, and aborts the handler. */
  abort(error: TtrpcError): void {
    if (this.#hasResponded) {
      return;
    }
    this.#sendError(error);
    this.#requests?.abort(error);
    this.#controller.abort(error);
  }

  /** The queue for the client's stream, holding what the request frame brought; undefined for single requests. */
  #openRequests(): ReceiveQueue<unknown> | undefined {
    const { served, limits, request, flags } = this.#options;
    const { methodKind, input } = served.descriptor;
    if (methodKind !== 'client_streaming' && methodKind !== 'bidi_streaming') {
      return undefined;
    }
    const queue = new ReceiveQueue<unknown>({
      decode: (payload) => decodeMessage(input, payload, CLIENT_IS_WRONG),
      maxBufferedBytes: limits.maxStreamBufferBytes,
      // A handler may read as much as it likes; invalid bytes are thrown to it as an error, which becomes the response.
      onAbandoned: () => undefined,
    });
    if (request.payload.length > 0) {
      queue.push(request.payload);
    }
    if ((flags & FrameFlag.remoteClosed) !== 0) {
      queue.end();
    }
    return queue;
  }

  #invoke(): unknown {
    const { served, request } = this.#options;
    const { input } = served.descriptor;
    return served.handler(this.#requests ?? decodeMessage(input, request.payload, CLIENT_IS_WRONG), this.#context);
  }

  async #runForOne(): Promise<void> {
    const { served, streamId, connection } = this.#options;
    const response = await this.#invoke();
    if (this.#hasResponded) {
      return;
    }
    const payload = encodeMessageParts(served.descriptor.output, response, HANDLER_IS_WRONG);
    const payloadBytes = payload.reduce((sum, part) => sum + byteLengthOf(part), 0);
    const prefix = encodePayloadPrefix(payloadBytes);
    checkSendable('Response', prefix.length + payloadBytes, this.#options.limits.maxMessageBytes);
    this.#hasResponded = true;
    connection.send(streamId, FrameType.response, 0, prefix, ...payload);
  }

  async #runForMany(): Promise<void> {
    const { served, streamId, connection, limits } = this.#options;
    await pump({
      messages: this.#invoke() as AsyncIterable<unknown>,
      signal: this.#controller.signal,
      write: async (response) => {
        const bytes = encodeMessage(served.descriptor.output, response, HANDLER_IS_WRONG);
        checkSendable('Response', bytes.length, limits.maxMessageBytes);
        connection.send(streamId, FrameType.data, 0, bytes);
        await connection.ready();
      },
    });
    if (this.#hasResponded) {
      return;
    }
    this.#hasResponded = true;
    connection.sendClose(streamId);
  }

  #answerError(thrown: unknown): void {
    const isStopped = this.#controller.signal.aborted;
    // An aborted handler throws because of the abort: there is nothing to report or to send.
    if (isStopped || this.#hasResponded) {
      return;
    }
    this.#sendError(toTtrpcError(thrown));
    if (!(thrown instanceof TtrpcError)) {
      this.#options.onError(thrown, this.#context);
    }
  }

  #sendError(error: TtrpcError): void {
    this.#hasResponded = true;
    sendErrorResponse(this.#options.connection, this.#options.streamId, error, this.#options.limits.maxMessageBytes);
  }
}

/** Sends an error as the response of a stream. One that is too large to send loses its details and its text. */
export function sendErrorResponse(
  connection: Connection,
  streamId: number,
  error: TtrpcError,
  maxMessageBytes: number,
): void {
  const mostBytes = Math.min(maxMessageBytes, MAX_ENVELOPE_BYTES);
  let bytes = encodeMessage(ResponseType, { status: errorToStatus(error) }, HANDLER_IS_WRONG);
  if (bytes.length > mostBytes) {
    const message = `Error of ${bytes.length} bytes exceeds the limit of ${mostBytes} and was not sent`;
    bytes = encodeMessage(ResponseType, { status: { code: error.code, message } }, HANDLER_IS_WRONG);
  }
  connection.send(streamId, FrameType.response, 0, bytes);
}
