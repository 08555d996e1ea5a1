/**
 * The server's side of one connection: accepts requests by the rules of stream ids, passes frames to their calls, and
 * shuts down when the server stops. Created by server.ts.
 */
import type { Duplex } from 'node:stream';
import { Code } from '../grpc/index.ts';
import type { Request } from '../proto/envelope-messages.ts';
import { Connection, type ConnectionEnd } from './connection.ts';
import { decodeRequest } from './envelope.ts';
import { type FrameHeader, FrameType } from './frame.ts';
import type { FrameEvent } from './frame-decoder.ts';
import type { Limits } from './limits.ts';
import { ServerCall, sendErrorResponse } from './server-call.ts';
import type { HandlerContext, ServiceTable } from './service.ts';
import { TtrpcError, toTtrpcError } from './ttrpc-error.ts';

export interface ServerConnectionOptions {
  services: ServiceTable;
  limits: Limits;
  onHandlerError: (error: unknown, context: HandlerContext) => void;
  /** Called once, with handlers perhaps still running. */
  onEnd: (end: ConnectionEnd) => void;
}

const STOPPING = 'Server is shutting down';

export class ServerConnection {
  readonly #options: ServerConnectionOptions;
  readonly #connection: Connection;
  /** Calls whose handler has not settled: also those whose response was sent early, because they still use resources. */
  readonly #calls = new Map<number, ServerCall>();
  #lastStreamId = 0;
  #isStopping = false;

  constructor(stream: Duplex, options: ServerConnectionOptions) {
    this.#options = options;
    this.#connection = new Connection(stream, {
      maxPayloadBytes: options.limits.maxMessageBytes,
      isReadingHeldByWriting: true,
      onEvent: (event) => this.#receive(event),
      onEnd: (end) => {
        const error = new TtrpcError(Code.cancelled, end.reason, { cause: end.cause });
        for (const call of [...this.#calls.values()]) {
          call.abort(error);
        }
        options.onEnd(end);
      },
    });
  }

  /** Takes no new calls, and closes when the ones under way are done. */
  stop(): void {
    this.#isStopping = true;
    this.#closeIfIdle();
  }

  /** Responds to active calls with UNAVAILABLE and closes when that is written. */
  abortCalls(): void {
    const error = new TtrpcError(Code.unavailable, STOPPING);
    for (const call of [...this.#calls.values()]) {
      call.abort(error);
    }
    this.#connection.close(STOPPING);
  }

  /** Closes at once. */
  destroy(): void {
    this.#connection.destroy(STOPPING);
  }

  #receive(event: FrameEvent): void {
    const { header } = event;
    if (header.type === FrameType.request) {
      this.#receiveRequest(event);
    } else if (header.type === FrameType.data) {
      this.#receiveData(event);
    }
    // A server's frames get no response, and other types belong to an unknown version of the protocol.
  }

  #receiveRequest(event: FrameEvent): void {
    const { streamId, flags } = event.header;
    try {
      this.#acceptStreamId(streamId);
      if (event.kind === 'oversized') {
        throw this.#oversized(event.header);
      }
      const request = decodeRequest(event.payload);
      this.#start(streamId, request, flags);
    } catch (error) {
      this.#respond(streamId, toTtrpcError(error));
    }
  }

  #start(streamId: number, request: Request, flags: number): void {
    const { services, limits, onHandlerError } = this.#options;
    if (this.#isStopping) {
      throw new TtrpcError(Code.unavailable, STOPPING);
    }
    if (this.#calls.size >= limits.maxConcurrentCalls) {
      const text = `Connection has ${this.#calls.size} calls under way, at most ${limits.maxConcurrentCalls} are allowed`;
      throw new TtrpcError(Code.resourceExhausted, text);
    }
    const served = services.find(request.service, request.method);
    if (request.timeoutNano < 0n) {
      throw new TtrpcError(Code.deadlineExceeded, 'Deadline of the call had passed before it arrived');
    }
    const call = new ServerCall({
      streamId,
      request,
      flags,
      served,
      limits,
      connection: this.#connection,
      onError: onHandlerError,
    });
    this.#calls.set(streamId, call);
    void call.run().finally(() => {
      this.#calls.delete(streamId);
      this.#closeIfIdle();
    });
  }

  #receiveData(event: FrameEvent): void {
    const { streamId, flags } = event.header;
    if (streamId > this.#lastStreamId) {
      this.#respond(streamId, new TtrpcError(Code.invalidArgument, `Stream ${streamId} was not opened by a request`));
      return;
    }
    // Unknown: the response was sent while this frame was in transit.
    const call = this.#calls.get(streamId);
    if (event.kind === 'oversized') {
      call?.abort(this.#oversized(event.header));
    } else {
      call?.receiveData(flags, event.payload);
    }
  }

  #acceptStreamId(streamId: number): void {
    if (streamId % 2 !== 1) {
      throw new TtrpcError(Code.invalidArgument, `Stream id of a client must be odd, got ${streamId}`);
    }
    if (streamId <= this.#lastStreamId) {
      const text = `Stream id must rise with every request, got ${streamId} after ${this.#lastStreamId}`;
      throw new TtrpcError(Code.invalidArgument, text);
    }
    this.#lastStreamId = streamId;
  }

  #oversized(header: FrameHeader): TtrpcError {
    const { maxMessageBytes } = this.#options.limits;
    const text = `Message of ${header.payloadBytes} bytes exceeds the limit of ${maxMessageBytes}`;
    return new TtrpcError(Code.resourceExhausted, text);
  }

  #respond(streamId: number, error: TtrpcError): void {
    sendErrorResponse(this.#connection, streamId, error, this.#options.limits.maxMessageBytes);
  }

  #closeIfIdle(): void {
    if (this.#isStopping && this.#calls.size === 0) {
      this.#connection.close(STOPPING);
    }
  }
}
