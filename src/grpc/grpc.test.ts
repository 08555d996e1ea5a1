import { describe, expect, it } from 'vitest';
import { Code, codeName, decodeStatusText, findCode, messagePrefix } from './index.ts';

describe('codes', () => {
  it('are the numbers 0 to 16', () => {
    expect(Object.values(Code)).toEqual(Array.from({ length: 17 }, (_, index) => index));
    expect(findCode(16)).toBe(Code.unauthenticated);
    expect(findCode(17)).toBeUndefined();
  });

  it('have the names of gRPC', () => {
    expect([Code.ok, Code.invalidArgument, Code.dataLoss].map(codeName)).toEqual([
      'OK',
      'INVALID_ARGUMENT',
      'DATA_LOSS',
    ]);
  });
});

it('has the length of a message in its prefix, in network byte order', () => {
  expect(
    [messagePrefix(0x010203, false), messagePrefix(2 ** 32 - 1, true)].map((prefix) => prefix.toString('hex')),
  ).toEqual(['0000010203', '01ffffffff']);
});

it.each([
  ['no%20%C3%A9%0Aentry', 'no é\nentry'],
  ['100 %', '100 %'],
  ['a%zz%20', 'a%zz%20'],
  ['', ''],
])('decodes the text of a status: "%s"', (text, expected) => {
  expect(decodeStatusText(text)).toBe(expected);
});
