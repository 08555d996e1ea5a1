import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNameValue, parseNameValues } from './name-value.ts';

describe('parseNameValue', () => {
  it.each([
    ['of vmstat', 'nr_free_pages 326732', 'nr_free_pages', '326732', undefined],
    ['of io', 'rchar: 0', 'rchar', '0', undefined],
    ['of meminfo', 'MemTotal:       24684092 kB', 'MemTotal', '24684092', 'kB'],
    ['of meminfo, without a unit', 'HugePages_Total:       0', 'HugePages_Total', '0', undefined],
    ['with brackets in the name', 'Active(anon):     35340 kB', 'Active(anon)', '35340', 'kB'],
    ['of status', 'VmRSS:\t    3636 kB', 'VmRSS', '3636', 'kB'],
    ['of status, a plain number', 'Threads:\t4', 'Threads', '4', undefined],
    ['of 63 bits', 'pgfree 9223372036854775807', 'pgfree', '9223372036854775807', undefined],
    ['without a blank before the number', 'MemTotal:1 kB', 'MemTotal', '1', 'kB'],
    ['with zeros in front', 'pgfree 00000000000000000001', 'pgfree', '00000000000000000001', undefined],
    ['with blanks behind it', 'Threads: 4 \t', 'Threads', '4', undefined],
  ])('a line %s', (_, line, name, value, unit) => {
    expect(parseNameValue(line)).toEqual({ name, value, unit });
  });

  it.each([
    ['a name alone', 'MemTotal:'],
    ['a number alone', '12'],
    ['no name', ': 12'],
    ['no number', 'MemTotal: much'],
    ['two numbers', 'Uid:\t0\t0'],
    ['another unit', 'MemTotal: 1 MB'],
    ['the unit without a blank', 'MemTotal: 1kB'],
    ['hexadecimal', 'untag_mask:\t0xffffffffffffffff'],
    ['a fraction', 'load 0.5'],
    ['a blank in the name', 'Mem Total: 1 kB'],
    ['neither a colon nor a blank', 'MemTotal1 kB'],
    ['a value that has wrapped below zero', 'pgfree 18446744073709551615'],
    ['the largest of them', 'pgfree 9223372036854775808'],
    ['a sign', 'nr_isolated_anon -3'],
    ['more digits than 64 bits have', `pgfree ${'1'.repeat(21)}`],
    ['a NUL', 'pg\0free 1'],
    ['a letter that is not ASCII', 'pgfrée 1'],
    ['a carriage return', 'pgfree 1\r'],
    ['a blank first', ' MemTotal: 1 kB'],
  ])('not: %s', (_, line) => {
    expect(parseNameValue(line)).toBeUndefined();
  });
});

describe('parseNameValues', () => {
  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_()]{0,30}$/);
  const value = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String);
  const entry = fc.record({ name, value, unit: fc.constantFrom('kB' as const, undefined) });
  const entries = fc.uniqueArray(entry, { selector: (each) => each.name });

  it.each([
    ['meminfo', (each: string, digits: string) => `${each}: ${digits.padStart(15)}`],
    ['vmstat', (each: string, digits: string) => `${each} ${digits}`],
    ['status', (each: string, digits: string) => `${each}:\t${digits.padStart(8)}`],
  ])('gives back what is printed as in %s', (_, print) => {
    fc.assert(
      fc.property(entries, (printed) => {
        const lines = printed.map((each) => `${print(each.name, each.value)}${each.unit === undefined ? '' : ' kB'}\n`);
        expect(parseNameValues(lines.join(''))).toEqual(printed);
      }),
    );
  });
});
