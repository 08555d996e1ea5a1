import { describe, expect, it } from 'vitest';
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
  ])('not: %s', (_, line) => {
    expect(() => parseVmstat(`${line}\n`)).toThrow(
      expect.objectContaining({
        name: 'ProcfsError',
        code: 'malformed',
        message: `Cannot parse vmstat: expected a name and a number, got ${JSON.stringify(line)}`,
      }),
    );
  });
});
