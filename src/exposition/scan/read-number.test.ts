import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scan } from '../form/scan.ts';
import { readNumber } from './scanned-body.ts';

function read(text: string): number {
  return readNumber(scan(Buffer.from(`a ${text}\n`)).values, 0);
}

describe('readNumber', () => {
  it.each([
    '0',
    '-0',
    '12',
    '-12',
    '0.1',
    '-0.30000000000000004',
    '.5',
    '5.',
    '+5',
    '1e3',
    '1e+03',
    '1E3',
    '5.83524352e+08',
    '2.5e-7',
    '123456789012345',
    '1234567890123456',
    '9007199254740993',
    '0.000000000000000000000001',
    '1e22',
    '1e23',
    '1.5e22',
    '123456789012345e22',
    '123456789012345e-22',
    '8.41e21',
    '5e-324',
    '1.7976931348623157e308',
    '1e400000',
    '4.35',
    '0.000001',
  ])('reads %s as the nearest double', (text) => {
    const expected = Number(text);
    if (Number.isFinite(expected)) {
      expect(read(text)).toBe(expected);
    }
  });

  it.each([
    ['NaN', Number.NaN],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['-Inf', Number.NEGATIVE_INFINITY],
    ['inf', Number.POSITIVE_INFINITY],
  ])('reads %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('reads a value before a timestamp', () => {
    expect(read('1.5 1700000000000')).toBe(1.5);
  });

  it('reads what Go and JavaScript write', () => {
    const decimal = fc.tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 16n }), fc.integer({ min: -30, max: 30 }));
    fc.assert(
      fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), decimal), (number) => {
        const texts = Array.isArray(number)
          ? [`${number[0] ? '-' : ''}${number[1]}e${number[2]}`, `${number[1]}.${number[1]}e${number[2]}`]
          : [String(number), number.toExponential(), number.toExponential(8)];
        for (const text of texts) {
          expect(read(text)).toBe(Number(text));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
