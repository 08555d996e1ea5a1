import { describe, expect, it } from 'vitest';
import { messagePrefix } from '../grpc/index.ts';
import { MessageReader } from './grpc-message.ts';

describe('MessageReader', () => {
  it('takes a message in pieces of any size, empty ones too', () => {
    const framed = Buffer.concat([messagePrefix(10_000, false), Buffer.alloc(10_000, 'message')]);
    const reader = new MessageReader(10_000);
    for (let i = 0; i < framed.length; i++) {
      reader.push(framed.subarray(i, i));
      reader.push(framed.subarray(i, i + 1));
    }
    expect(reader.finish().equals(framed.subarray(5))).toBe(true);
  });

  it.each<[string, number[], string]>([
    ['a compressed message', [1, 0, 0, 0, 1], 'its first byte is 1, expected 0'],
    ['a message over the limit', [0, 0, 0, 0, 101], 'response of 101 bytes exceeds the limit of 100 bytes'],
    ['a message of 4 GiB', [0, 255, 255, 255, 255], 'response of 4294967295 bytes exceeds the limit of 100 bytes'],
    ['two messages', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'bytes after its message of 0 bytes, expected one message'],
  ])('rejects %s as soon as it can be known', (_, bytes, message) => {
    expect(() => new MessageReader(100).push(Buffer.from(bytes))).toThrow(message);
  });

  it.each<[string, number[], string]>([
    ['nothing', [], 'it has 0 of the 5 bytes in front of one'],
    ['a part of what stands in front', [0, 0], 'it has 2 of the 5 bytes in front of one'],
    ['half a message', [0, 0, 0, 0, 3, 1], 'response has 1 of the 3 bytes of its message'],
  ])('rejects %s at the end', (_, bytes, message) => {
    const reader = new MessageReader(100);
    reader.push(Buffer.from(bytes));
    expect(() => reader.finish()).toThrow(message);
  });
});
