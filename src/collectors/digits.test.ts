import { describe, expect, it } from 'vitest';
import { addDigits, multiplyDigits, shiftDigits } from './digits.ts';

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

describe('shiftDigits', () => {
  it.each([
    ['0', 6, '0.000000'],
    ['7', 6, '0.000007'],
    ['123456', 6, '0.123456'],
    ['1234567', 6, '1.234567'],
    ['12345678901', 9, '12.345678901'],
    ['9223372036854775807', 6, '9223372036854.775807'],
  ])('%s / 10^%i = %s', (digits, places, quotient) => {
    expect(shiftDigits(digits, places)).toBe(quotient);
  });
});
