import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { Code } from '../grpc/index.ts';
import { RequestSchema, ResponseSchema } from '../proto/index.ts';
import { decodeRequest, decodeResponse, encodePayloadPrefix } from './envelope.ts';

const MIB = 1024 * 1024;

/** A length-delimited field. */
function field(number: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest >>>= 7) {
    length.push((rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), content]);
}

/** Empty fields, two bytes each. */
function emptyFields(number: number, count: number): Buffer {
  return Buffer.alloc(2 * count, Buffer.from([(number << 3) | 2, 0]));
}

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

const large = Buffer.alloc(3 * MIB, 1);

describe('decodeRequest', () => {
  it('takes a large payload, before and after other fields', () => {
    const bytes = toBinary(RequestSchema, create(RequestSchema, { service: 's', method: 'm', payload: large }));
    expect(decodeRequest(bytes).payload).toHaveLength(large.length);
    expect(decodeRequest(Buffer.concat([field(3, large), field(1, Buffer.from('s'))])).payload).toHaveLength(
      large.length,
    );
  });

  it.each([
    ['a large name', field(1, large)],
    ['a million empty pairs of metadata', emptyFields(5, MIB)],
    ['a million unknown fields', emptyFields(15, MIB)],
    ['a million payloads', emptyFields(3, MIB)],
    ['a million fields after a large payload', Buffer.concat([field(3, large), emptyFields(5, MIB / 2)])],
  ])('refuses %s', (_, bytes) => {
    expect(thrownBy(() => decodeRequest(bytes))).toMatchObject({
      code: Code.resourceExhausted,
      message: 'RESOURCE_EXHAUSTED (8): Request exceeds the limit of 65536 bytes besides its payload',
    });
  });

  it.each([
    ['short ones', Buffer.from([0xff])],
    ['long ones', Buffer.alloc(MIB, 0xff)],
    ['a payload that is cut', field(3, large).subarray(0, MIB)],
  ])('refuses bytes that are no request: %s', (_, bytes) => {
    expect(thrownBy(() => decodeRequest(bytes))).toMatchObject({ code: Code.invalidArgument });
  });
});

describe('decodeResponse', () => {
  it.each([
    ['a large status', field(1, large)],
    ['a million empty details', field(1, emptyFields(3, MIB))],
  ])('refuses %s', (_, bytes) => {
    expect(thrownBy(() => decodeResponse(bytes))).toMatchObject({
      code: Code.resourceExhausted,
      message: 'RESOURCE_EXHAUSTED (8): Response exceeds the limit of 65536 bytes besides its payload',
    });
  });

  it('refuses bytes that are no response', () => {
    expect(thrownBy(() => decodeResponse(Buffer.from([0xff])))).toMatchObject({ code: Code.internal });
  });
});

describe('encodePayloadPrefix', () => {
  it.each([0, 1, 127, 128, 45_000, 4 * MIB])('makes a response of a payload of %s bytes', (payloadBytes) => {
    const payload = Buffer.alloc(payloadBytes, 7);
    const bytes = Buffer.concat([encodePayloadPrefix(payloadBytes), payload]);
    const response = decodeResponse(bytes);
    expect(response.status).toBeUndefined();
    expect(Buffer.compare(response.payload, payload)).toBe(0);
    expect(toBinary(ResponseSchema, response)).toHaveLength(payloadBytes === 0 ? 0 : bytes.length);
  });
});
