import { describe, expect, it } from 'vitest';
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
    ['a line cut off', 'MemFree: '],
    ['a unit that is not kB', 'MemFree:          300 MB'],
  ])('not: %s', (_, line) => {
    expect(() => parseMeminfo(`${line}\n`)).toThrow(
      expect.objectContaining({
        name: 'ProcfsError',
        code: 'malformed',
        message: `Cannot parse meminfo: expected a name and a number, got ${JSON.stringify(line)}`,
      }),
    );
  });
});
