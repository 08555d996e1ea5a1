/**
 * What a client sends to open a call: the request envelope, for calls with one request and for calls with many.
 */

import { Code } from '../grpc/index.ts';
import { RequestType } from '../proto/envelope-messages.ts';
import type { Method } from '../wire/index.ts';
import type { CallOptions } from './call-options.ts';
import { toTimeoutNano } from './deadline.ts';
import { checkEnvelopeBytes } from './envelope.ts';
import { FrameFlag } from './frame.ts';
import { encodeMessage } from './message-codec.ts';
import type { AnyType, InitOf } from './message-types.ts';
import { encodeMetadata } from './metadata.ts';

export type Requests<Type extends AnyType> = AsyncIterable<InitOf<Type>> | Iterable<InitOf<Type>>;

export type Sending =
  | { readonly kind: 'one'; readonly request: unknown }
  | { readonly kind: 'many'; readonly requests: AsyncIterable<unknown> | Iterable<unknown> };

/** Code of the error for a request that cannot be encoded. */
export const CALLER_IS_WRONG = { code: Code.invalidArgument } as const;

/** Flags of the request frame: none for unary calls, else whether more data comes. */
export function requestFlags(method: Method): number {
  if (method.methodKind === 'unary') {
    return 0;
  }
  return method.methodKind === 'server_streaming' ? FrameFlag.remoteClosed : FrameFlag.remoteOpen;
}

/**
 * @throws {TtrpcError} INVALID_ARGUMENT for values that do not fit their fields, RESOURCE_EXHAUSTED for too much
 * metadata.
 */
export function encodeRequest(method: Method, sending: Sending, options: CallOptions): Uint8Array {
  const { timeoutMs, metadata } = options;
  const payload =
    sending.kind === 'one' ? encodeMessage(method.input, sending.request, CALLER_IS_WRONG) : new Uint8Array();
  const envelope = {
    service: method.parent.typeName,
    method: method.name,
    payload,
    ...(hasDeadline(timeoutMs) && { timeoutNano: toTimeoutNano(timeoutMs) }),
    ...(metadata !== undefined && { metadata: encodeMetadata(metadata) }),
  };
  const bytes = encodeMessage(RequestType, envelope, CALLER_IS_WRONG);
  checkEnvelopeBytes('Request', bytes.length - payload.length);
  return bytes;
}

export function hasDeadline(timeoutMs: number | undefined): timeoutMs is number {
  return timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY;
}
