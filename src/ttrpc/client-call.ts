/**
 * One call of a client from its request to its end: waits for the response, the deadline, the signal, the connection.
 * Made by client.ts, which gives it every frame of its stream.
 */
import { addAbortListener } from 'node:events';
import { Code } from '../grpc/index.ts';
import type { Method } from '../wire/index.ts';
import type { CallOptions } from './call-options.ts';
import { hasDeadline } from './client-request.ts';
import { startDeadline } from './deadline.ts';
import { decodeResponse, readPayloadBeginning } from './envelope.ts';
import { FrameFlag, FrameType } from './frame.ts';
import type { FrameEvent } from './frame-decoder.ts';
import { fullMethodName } from './method-name.ts';
import { statusToError } from './status.ts';
import { nameMethod, TtrpcError, toTtrpcError } from './ttrpc-error.ts';

/** Receiver of the outcome: messages, then exactly one of `onEnd` and `onError`, once. */
export interface ClientCallSink {
  /** False: it does not fit, and the call shall fail. */
  onMessage: (payload: Uint8Array) => boolean;
  onEnd: () => void;
  onError: (error: TtrpcError) => void;
}

export interface ClientCallOptions extends CallOptions, ClientCallSink {
  method: Method;
  /** The limit, for error messages. */
  maxMessageBytes: number;
  /** The call is over, for whichever reason: forget it. Comes before `onEnd` and `onError`. */
  onOver: () => void;
}

export class ClientCall {
  readonly #options: ClientCallOptions;
  readonly #isServerStreaming: boolean;
  readonly #stopDeadline: (() => void) | undefined;
  readonly #listener: Disposable | undefined;
  #isOver = false;

  constructor(options: ClientCallOptions) {
    this.#options = options;
    const { methodKind } = options.method;
    this.#isServerStreaming = methodKind === 'server_streaming' || methodKind === 'bidi_streaming';
    const { signal, timeoutMs } = options;
    this.#listener = signal && addAbortListener(signal, () => this.fail(...describeAbort(signal.reason)));
    if (hasDeadline(timeoutMs)) {
      this.#stopDeadline = startDeadline(timeoutMs, () => {
        this.fail(Code.deadlineExceeded, `No response within ${timeoutMs} ms`);
      });
    }
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  receive(event: FrameEvent): void {
    const { header } = event;
    if (event.kind === 'oversized') {
      const { maxMessageBytes } = this.#options;
      const text = `Response of ${header.payloadBytes} bytes exceeds the limit of ${maxMessageBytes}`;
      const method = fullMethodName(this.#options.method);
      const beginning = event.beginning && readPayloadBeginning(event.beginning);
      this.#failWith(new TtrpcError(Code.resourceExhausted, text, { method, beginning }));
    } else if (header.type === FrameType.response) {
      this.#receiveResponse(event.payload);
    } else if (header.type === FrameType.data) {
      this.#receiveData(header.flags, event.payload);
    }
    // Other types belong to a version of the protocol that is not known here.
  }

  /** Ends the call from this side; does nothing when it is over. */
  fail(code: Exclude<Code, 0>, text: string, cause?: unknown): void {
    const method = fullMethodName(this.#options.method);
    this.#failWith(new TtrpcError(code, text, { method, cause }));
  }

  #receiveResponse(payload: Buffer): void {
    const method = fullMethodName(this.#options.method);
    try {
      const response = decodeResponse(payload);
      const error = statusToError(response.status, method);
      if (error !== undefined) {
        throw error;
      }
      // A stream may end with an empty response; the single response of other calls may be an empty message.
      if (!this.#isServerStreaming || response.payload.length > 0) {
        this.#deliver(response.payload);
      }
      this.#end();
    } catch (error) {
      this.#failWith(nameMethod(toTtrpcError(error), method));
    }
  }

  #receiveData(flags: number, payload: Buffer): void {
    if (!this.#isServerStreaming) {
      this.fail(Code.internal, 'Peer sent stream data, expected a single response');
      return;
    }
    if ((flags & FrameFlag.noData) === 0) {
      this.#deliver(payload);
    }
    if ((flags & FrameFlag.remoteClosed) !== 0) {
      this.#end();
    }
  }

  #deliver(payload: Uint8Array): void {
    if (this.#isOver || this.#options.onMessage(payload)) {
      return;
    }
    this.fail(Code.resourceExhausted, 'Responses arrived faster than they were read, and their buffer is full');
  }

  #end(): void {
    if (this.#finish()) {
      this.#options.onEnd();
    }
  }

  #failWith(error: TtrpcError): void {
    if (this.#finish()) {
      this.#options.onError(error);
    }
  }

  #finish(): boolean {
    if (this.#isOver) {
      return false;
    }
    this.#isOver = true;
    this.#stopDeadline?.();
    this.#listener?.[Symbol.dispose]();
    this.#options.onOver();
    return true;
  }
}

/** Code, text and cause for the reason of a signal. */
export function describeAbort(reason: unknown): [code: Exclude<Code, 0>, text: string, cause: unknown] {
  const isTimeout = reason instanceof Error && reason.name === 'TimeoutError';
  if (isTimeout) {
    return [Code.deadlineExceeded, 'Signal of the caller timed out', reason];
  }
  return [Code.cancelled, 'Cancelled by the caller', reason];
}
