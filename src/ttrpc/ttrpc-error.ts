/**
 * The only error type of this module: why a call failed, or the error that a handler responds with. Thrown by client
 * calls and by handlers, and sent as google.rpc.Status by the server. Never thrown for wrong use, which is a TypeError or
 * RangeError.
 */
import type { Any } from '@bufbuild/protobuf/wkt';
import { Code, codeName } from '../grpc/index.ts';

/** Limit of a peer's text in `message`, because that is logged. `rawMessage` has the whole text. */
const MAX_QUOTED_CHARS = 1024;

export interface TtrpcErrorOptions {
  /** Typed messages for programs, as google.rpc.Status carries them. */
  details?: readonly Any[];
  cause?: unknown;
  /** Full name of the method called, `package.Service/Method`. */
  method?: string | undefined;
  /** The side that found the error: this one (the default) or the peer, by its response. */
  origin?: 'local' | 'peer';
  /** See `TtrpcError.beginning`. */
  beginning?: Uint8Array | undefined;
}

/**
 * A failed call. A handler throws it to choose code and details of its response:
 *
 *     throw new TtrpcError(Code.notFound, `No container "${id}"`);
 *
 * A caller distinguishes failures by `code`; `origin` shows whether the peer responded.
 */
export class TtrpcError extends Error {
  override readonly name = 'TtrpcError';
  /** Never `Code.ok`. */
  readonly code: Exclude<Code, 0>;
  /** The text alone, without the method and the code: what travels in google.rpc.Status. */
  readonly rawMessage: string;
  readonly details: readonly Any[];
  readonly method: string | undefined;
  readonly origin: 'local' | 'peer';
  /** The first bytes of a message that exceeds the limit, where the client is configured to keep some. */
  readonly beginning: Uint8Array | undefined;

  constructor(code: Exclude<Code, 0>, rawMessage: string, options: TtrpcErrorOptions = {}) {
    super(
      describe(code, rawMessage, options.method),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.rawMessage = rawMessage;
    this.details = options.details ?? [];
    this.method = options.method;
    this.origin = options.origin ?? 'local';
    this.beginning = options.beginning;
  }
}

function describe(code: Code, rawMessage: string, method: string | undefined): string {
  const cut = rawMessage.length - MAX_QUOTED_CHARS;
  const quoted =
    cut > 0 ? `${rawMessage.slice(0, MAX_QUOTED_CHARS).toWellFormed()}… (${cut} more characters)` : rawMessage;
  const text = `${codeName(code)} (${code})${quoted === '' ? '' : `: ${quoted}`}`;
  return method === undefined ? text : `Call of "${method}" failed with ${text}`;
}

/**
 * Turns whatever a handler threw into a TtrpcError. A foreign error becomes UNKNOWN with its message, as other ttrpc
 * servers do; its stack stays here.
 */
export function toTtrpcError(thrown: unknown): TtrpcError {
  if (thrown instanceof TtrpcError) {
    return thrown;
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new TtrpcError(Code.unknown, text, { cause: thrown });
}

/** The same error, naming the method that was called. */
export function nameMethod(error: TtrpcError, method: string): TtrpcError {
  const { code, rawMessage, details, origin, cause, beginning } = error;
  return new TtrpcError(code, rawMessage, { details, origin, method, cause, beginning });
}
