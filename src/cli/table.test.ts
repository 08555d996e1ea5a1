import { describe, expect, it } from 'vitest';
import { formatAge, formatBytes, formatTable } from './table.ts';

describe('formatTable', () => {
  it('makes columns as wide as their widest cell, numbers to the right', () => {
    expect(
      formatTable(
        ['NAME', 'N', 'REST'],
        [
          ['a', '1', 'x'],
          ['longer', '1000', ''],
        ],
        new Set([1]),
      ),
    ).toBe('NAME       N  REST\na          1  x\nlonger  1000\n');
  });

  it('has more rows than a function can have arguments', () => {
    const rows = Array.from({ length: 300_000 }, () => ['a']);
    expect(formatTable(['N'], rows, new Set())).toBe(`N\n${'a\n'.repeat(rows.length)}`);
  });
});

describe('formatAge', () => {
  it.each([
    [undefined, '-'],
    [0, '0s'],
    [59.9, '59s'],
    [60, '1m'],
    [3599, '59m'],
    [7200, '2h'],
    [86_400 * 12.5, '12d'],
  ])('prints %s seconds as %s', (seconds, text) => {
    expect(formatAge(seconds)).toBe(text);
  });
});

describe('formatBytes', () => {
  it.each([
    [undefined, '-'],
    [Number.NaN, '-'],
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [-2048, '-2.0 KiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
    [2 ** 60, '1048576.0 TiB'],
  ])('prints %s as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
