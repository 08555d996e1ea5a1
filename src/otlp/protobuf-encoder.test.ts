import { describe, expect, it } from 'vitest';
import { ProtobufEncoder } from './protobuf-encoder.ts';

const encoder = new ProtobufEncoder();

describe('readResponse', () => {
  it.each<[string, number[], number, string]>([
    ['nothing', [], 0, ''],
    ['an empty partial success', [0x0a, 0], 0, ''],
    ['a number and a message', [0x0a, 7, 0x08, 0xac, 0x02, 0x12, 2, 0x6e, 0x6f], 300, 'no'],
    ['fields of tomorrow', [0x12, 1, 0x78, 0x0a, 4, 0x18, 1, 0x08, 5], 5, ''],
  ])('reads %s', (_, bytes, rejectedPoints, message) => {
    expect(encoder.readResponse(Buffer.from(bytes))).toEqual({ rejectedPoints, message });
  });

  it.each([
    ['a text', Buffer.from('OK')],
    ['half of a message', Buffer.from([0x0a, 9, 0x08])],
    ['a varint without an end', Buffer.alloc(20, 0xff)],
  ])('throws for %s', (_, bytes) => {
    expect(() => encoder.readResponse(bytes)).toThrow();
  });
});
