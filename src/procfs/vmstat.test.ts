import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseVmstat } from './vmstat.ts';

describe('parseVmstat', () => {
  it('gives every line in the order of the kernel', () => {
    expect(parseVmstat('nr_free_pages 943822\nnr_unstable 0\n')).toEqual([
      { name: 'nr_free_pages', value: '943822', unit: undefined },
      { name: 'nr_unstable', value: '0', unit: undefined },
    ]);
  });

  it.each([
    ['a line cut off', 'nr_free_pages'],
    ['two numbers', 'nr_free_pages 1 2'],
    ['a fraction', 'nr_free_pages 1.5'],
    ['a value that has wrapped below zero', 'nr_free_pages 18446744073709551615'],
    ['a negative value', 'nr_isolated_anon -3'],
    ['a NUL in the name', 'nr_free\0pages 1'],
    ['a long name', `${'n'.repeat(129)} 1`],
  ])('not: %s', (_, line) => {
    expect(parseRecorded(parseVmstat, `${line}\nnr_unstable 0\n`)).toMatchObject({
      value: [{ name: 'nr_unstable', value: '0' }],
      skipped: [line],
    });
  });
});
