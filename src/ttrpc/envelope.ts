/**
 * The messages of request and response frames, which wrap the message of a call.
 * Their other fields are limited before they are decoded: a few bytes of a frame become whole objects in memory.
 */

import { Code } from '../grpc/index.ts';
import { payloadNumbers, type Request, RequestType, type Response, ResponseType } from '../proto/envelope-messages.ts';
import { WireReader, WireType, WireWriter } from '../wire/index.ts';
import { MAX_ENVELOPE_BYTES } from './limits.ts';
import { decodeMessage } from './message-codec.ts';
import { TtrpcError } from './ttrpc-error.ts';

/**
 * @throws {TtrpcError} INVALID_ARGUMENT for bytes that are no request, RESOURCE_EXHAUSTED for one with too much around
 * its payload.
 */
export function decodeRequest(bytes: Uint8Array): Request {
  checkEnvelope('Request', bytes, payloadNumbers.request);
  return decodeMessage(RequestType, bytes, { code: Code.invalidArgument });
}

/**
 * @throws {TtrpcError} INTERNAL for bytes that are no response, RESOURCE_EXHAUSTED for one with too much around its
 * payload.
 */
export function decodeResponse(bytes: Uint8Array): Response {
  checkEnvelope('Response', bytes, payloadNumbers.response);
  return decodeMessage(ResponseType, bytes, { code: Code.internal });
}

/**
 * Encodes everything before `payload` in a Response without a status. Writing it before the payload saves a copy of the
 * payload, and a large allocation, in every response.
 */
export function encodePayloadPrefix(payloadBytes: number): Uint8Array {
  return new WireWriter().tag(payloadNumbers.response, WireType.lengthDelimited).uint32(payloadBytes).finish();
}

/** @throws {TtrpcError} RESOURCE_EXHAUSTED for an envelope that no side of ours would take. */
export function checkEnvelopeBytes(what: string, envelopeBytes: number): void {
  if (envelopeBytes <= MAX_ENVELOPE_BYTES) {
    return;
  }
  const text = `${what} exceeds the limit of ${MAX_ENVELOPE_BYTES} bytes besides its payload`;
  throw new TtrpcError(Code.resourceExhausted, text);
}

/** Counts all fields but the payload, up to the limit. Invalid fields are left for the decoder to refuse. */
function checkEnvelope(what: string, bytes: Uint8Array, payloadNumber: number): void {
  if (bytes.length <= MAX_ENVELOPE_BYTES) {
    return;
  }
  const reader = new WireReader(bytes);
  let envelopeBytes = 0;
  let hasPayload = false;
  while (reader.hasMore) {
    const start = reader.offset;
    try {
      const tag = reader.tag();
      reader.skip(tag);
      const isPayload: boolean = tag >>> 3 === payloadNumber && !hasPayload;
      hasPayload ||= isPayload;
      if (!isPayload) {
        envelopeBytes += reader.offset - start;
      }
    } catch {
      return; // the decoder comes to the same place and says what is wrong there
    }
    checkEnvelopeBytes(what, envelopeBytes);
  }
}

/**
 * The first bytes of the payload of a Response of which only the first bytes are known. Undefined where they are no Response,
 * where other fields come before the payload that fill them, or where the whole payload is there.
 */
export function readPayloadBeginning(bytes: Uint8Array): Uint8Array | undefined {
  const reader = new WireReader(bytes);
  try {
    while (reader.hasMore) {
      const tag = reader.tag();
      if (tag === payloadNumbers.response * 8 + WireType.lengthDelimited) {
        const length = reader.uint32();
        return length > reader.limit - reader.offset ? bytes.subarray(reader.offset) : undefined;
      }
      reader.skip(tag);
    }
  } catch {
    // Bytes that are no fields, or a field that ends after them.
  }
  return undefined;
}
