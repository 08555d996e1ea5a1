/**
 * Messages to bytes and back, with the errors for invalid bytes.
 * Fields that are not known are skipped, not kept: a peer could fill memory with them many times over.
 */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Code } from './code.ts';
import { TtrpcError } from './ttrpc-error.ts';

const READ_OPTIONS = { readUnknownFields: false } as const;

/** Which side is to blame: the caller or handler here, or the peer. */
interface CodecOptions {
  code: typeof Code.internal | typeof Code.invalidArgument;
  method?: string;
}

/** @throws {TtrpcError} with `code` for values that do not fit their fields. */
export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
  options: CodecOptions,
): Uint8Array {
  try {
    return toBinary(schema, create(schema, init));
  } catch (cause) {
    throw codecError(`Cannot encode "${schema.typeName}"`, cause, options);
  }
}

/** @throws {TtrpcError} with `code` for bytes that are no such message. */
export function decodeMessage<Desc extends DescMessage>(
  schema: Desc,
  payload: Uint8Array,
  options: CodecOptions,
): MessageShape<Desc> {
  try {
    return fromBinary(schema, payload, READ_OPTIONS);
  } catch (cause) {
    throw codecError(`Cannot decode ${payload.length} bytes as "${schema.typeName}"`, cause, options);
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
