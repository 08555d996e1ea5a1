import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseMeminfo } from './meminfo.ts';

describe('parseMeminfo', () => {
  it('gives every line in the order of the kernel', () => {
    expect(parseMeminfo('MemTotal:        4045936 kB\nHugePages_Total:       0\n')).toEqual([
      { name: 'MemTotal', value: '4045936', unit: 'kB' },
      { name: 'HugePages_Total', value: '0', unit: undefined },
    ]);
  });

  it.each([
    ['the table of kernels before 2.6', '        total:    used:    free:'],
    ['a line cut off', 'MemAvailable: '],
    ['the table of kernels before 2.6, in bytes', 'Mem:  260579328 136073216 124506112 0'],
    ['a value that has wrapped below zero', 'Committed_AS: 18446744073709551612 kB'],
    ['a negative value', 'Cached: -4 kB'],
    ['a unit that is not kB', 'MemAvailable:          300 MB'],
  ])('not: %s', (_, line) => {
    expect(parseRecorded(parseMeminfo, `${line}\nMemFree: 0 kB\n`)).toMatchObject({
      value: [{ name: 'MemFree', value: '0' }],
      skipped: [line],
    });
  });

  it.each([
    ['a value as wide as its column', 'ShadowCallStack:10373888 kB', '10373888'],
    ['one of more than 8 digits', 'VmallocTotal:   34359738367 kB', '34359738367'],
  ])('%s', (_, line, value) => {
    expect(parseRecorded(parseMeminfo, `${line}\n`)).toMatchObject({ value: [{ value, unit: 'kB' }], skipped: [] });
  });

  it.each([
    ['MemTotal', 'MemFree', ' kB'],
    ['MemTotal', 'MemAvailable', ' kB'],
    ['MemTotal', 'Cached', ' kB'],
    ['SwapTotal', 'SwapFree', ' kB'],
    ['HugePages_Total', 'HugePages_Free', ''],
    ['VmallocTotal', 'VmallocUsed', ' kB'],
  ])('of %s, no more than that can be %s', (total, part, unit) => {
    const names = (of: number) => parseMeminfo(`${part}: ${of}${unit}\n${total}: 100${unit}\n`).map(({ name }) => name);
    expect(names(100)).toEqual([part, total]);
    expect(names(101)).toEqual([total]);
  });

  it('keeps what may be more than the memory', () => {
    const text = 'MemTotal: 100 kB\nCommitted_AS: 200 kB\nDirectMap2M: 300 kB\nVmallocTotal: 400 kB\n';
    expect(parseMeminfo(text)).toHaveLength(4);
  });

  it('gives a name that is there twice once', () => {
    expect(parseRecorded(parseMeminfo, 'Slab: 1 kB\nSlab: 2 kB\n')).toMatchObject({
      value: [{ value: '1' }],
      skipped: ['Slab: 2 kB'],
    });
  });
});
