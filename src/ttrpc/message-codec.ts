/**
 * Messages to bytes and back, with the errors for invalid bytes.
 */

import { Code } from '../grpc/index.ts';
import type { MessagePart, MessageType } from '../wire/index.ts';
import { TtrpcError } from './ttrpc-error.ts';

/** Which side is to blame: the caller or handler here, or the peer. */
interface CodecOptions {
  code: typeof Code.internal | typeof Code.invalidArgument;
  method?: string;
}

/** @throws {TtrpcError} with `code` for values that do not fit their fields. */
export function encodeMessage<Init>(type: MessageType<unknown, Init>, init: Init, options: CodecOptions): Uint8Array {
  try {
    return type.encode(init);
  } catch (cause) {
    throw codecError(`Cannot encode "${type.typeName}"`, cause, options);
  }
}

/** Like `encodeMessage`, in parts if the type supports it. */
export function encodeMessageParts<Init>(
  type: MessageType<unknown, Init>,
  init: Init,
  options: CodecOptions,
): readonly MessagePart[] {
  if (type.encodeParts === undefined) {
    return [encodeMessage(type, init, options)];
  }
  try {
    return type.encodeParts(init);
  } catch (cause) {
    throw codecError(`Cannot encode "${type.typeName}"`, cause, options);
  }
}

/** @throws {TtrpcError} with `code` for bytes that are no such message. */
export function decodeMessage<Shape>(
  type: MessageType<Shape, never>,
  payload: Uint8Array,
  options: CodecOptions,
): Shape {
  try {
    return type.decode(payload);
  } catch (cause) {
    throw codecError(`Cannot decode ${payload.length} bytes as "${type.typeName}"`, cause, options);
  }
}

function codecError(what: string, cause: unknown, { code, method }: CodecOptions): TtrpcError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new TtrpcError(code, `${what}: ${text}`, { cause, method });
}

/** @throws {TtrpcError} RESOURCE_EXHAUSTED for a message that no peer would take. */
export function checkSendable(what: string, messageBytes: number, maxMessageBytes: number): void {
  if (messageBytes <= maxMessageBytes) {
    return;
  }
  throw new TtrpcError(
    Code.resourceExhausted,
    `${what} of ${messageBytes} bytes exceeds the limit of ${maxMessageBytes} and was not sent`,
  );
}
