import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalizeValue, classifyValue, parseValue, type ValueForm } from './number.ts';

const classify = (text: string): ValueForm => classifyValue(Buffer.from(` ${text} `), 1, 1 + Buffer.byteLength(text));

describe('classifyValue', () => {
  it.each([
    '0',
    '-0',
    '12',
    '007',
    '1.5',
    '-1.5',
    '1e5',
    '8.0149069e+07',
    '1.7976931348623157e+308',
    '5e-324',
    '1e-99',
    '18446744073709551615',
    '+Inf',
    '-Inf',
    'NaN',
    '9'.repeat(200),
  ])('takes %s as it is', (text) => {
    expect(classify(text)).toBe(/e\+308|e-324/.test(text) ? 'other' : 'canonical');
  });

  it.each([
    '+1',
    '1.',
    '.5',
    '-.5',
    '1E5',
    '+1.5e+3',
    'inf',
    '+inf',
    '-INF',
    'Infinity',
    '-infinity',
    'nan',
    'Nan',
    '1e005',
    '1e300',
  ])('takes %s, in another spelling', (text) => {
    expect(classify(text)).toBe('other');
    expect(classify(canonicalizeValue(text))).not.toBe('invalid');
  });

  it.each([
    '',
    '-',
    '+',
    '.',
    'e5',
    '1e',
    '1e+',
    '0x1p-2',
    '0x10',
    '1_000',
    '1e999',
    '-1e999',
    '--1',
    '1.2.3',
    '1,5',
    '+nan',
    'Infinit',
    'one',
    '١',
    `1${'0'.repeat(400)}`,
    `0.${'0'.repeat(511)}`,
  ])('refuses "%s"', (text) => {
    expect(classify(text)).toBe('invalid');
  });

  it('takes every double as JavaScript prints it, and reads the same number back', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = String(value);
        expect(classify(text)).not.toBe('invalid');
        expect(parseValue(canonicalizeValue(text))).toBe(Number(text));
      }),
    );
  });
});

describe('canonicalizeValue', () => {
  it.each([
    ['+1', '1'],
    ['1.', '1'],
    ['1.e5', '1e5'],
    ['.5', '0.5'],
    ['-.5', '-0.5'],
    ['1E5', '1e5'],
    ['+18446744073709551615', '18446744073709551615'],
    ['inf', '+Inf'],
    ['+Infinity', '+Inf'],
    ['-inf', '-Inf'],
    ['nan', 'NaN'],
  ])('spells %s as %s', (text, canonical) => {
    expect(canonicalizeValue(text)).toBe(canonical);
  });
});
