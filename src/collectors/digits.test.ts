import { describe, expect, it } from 'vitest';
import { addDigits, multiplyDigits } from './digits.ts';

describe('multiplyDigits', () => {
  it.each([
    ['0', 10, '0'],
    ['7', 10, '70'],
    ['999999999', 1024, '1023999998976'],
    ['1000000000', 1024, '1024000000000'],
    ['18446744073709551615', 1024, '18889465931478580853760'],
    ['9007199254740993', 10, '90071992547409930'],
    ['-3', 10, '-30'],
  ])('%s x %i = %s', (digits, factor, product) => {
    expect(multiplyDigits(digits, factor)).toBe(product);
  });
});

describe('addDigits', () => {
  it('is exact beyond 2^53', () => {
    expect(addDigits('9007199254740993', '2')).toBe('9007199254740995');
  });
});
