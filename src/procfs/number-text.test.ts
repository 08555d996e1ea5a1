import { describe, expect, it } from 'vitest';
import { isCount, isCount32, isCountOfDigits, isInteger } from './number-text.ts';

describe('isCount', () => {
  it.each([
    ['0', true],
    ['00000000000000000001', true],
    ['999999999999999999', true],
    ['9223372036854775807', true],
    ['9223372036854775808', false],
    ['18446744073709551615', false],
    ['99999999999999999999', false],
    ['100000000000000000000', false],
    ['-1', false],
    ['-9223372036854775807', false],
    ['-922337203685477580', false],
    ['', false],
    ['1 ', false],
    ['1.5', false],
    ['0x1', false],
    ['١', false],
    [undefined, false],
  ])('%j: %s', (text, expected) => {
    expect(isCount(text)).toBe(expected);
    if (isInteger(text)) {
      expect(isCountOfDigits(text)).toBe(expected);
    }
  });
});

describe('isCount32', () => {
  it.each([
    ['0', true],
    ['2147483647', true],
    ['2147483648', false],
    ['4294967295', false],
    ['-1', false],
    ['18446744073709551615', false],
  ])('%j: %s', (text, expected) => {
    expect(isCount32(text)).toBe(expected);
  });
});
