import { describe, expect, it } from 'vitest';
import { parseProcessIo } from './process-io.ts';

describe('parseProcessIo', () => {
  it('gives every line in the order of the kernel', () => {
    expect(parseProcessIo('rchar: 323934931\nwchar: 18446744073709551615\nsyscr: 0\n')).toEqual([
      { name: 'rchar', value: '323934931', unit: undefined },
      { name: 'wchar', value: '18446744073709551615', unit: undefined },
      { name: 'syscr', value: '0', unit: undefined },
    ]);
  });

  it.each([
    ['a line cut off', 'wchar:'],
    ['a word', 'wchar: many'],
    ['a fraction', 'wchar: 1.5'],
  ])('not: %s', (_, line) => {
    expect(() => parseProcessIo(`rchar: 1\n${line}\n`)).toThrow(
      expect.objectContaining({
        name: 'ProcfsError',
        code: 'malformed',
        message: `Cannot parse process io: expected a name and a number, got ${JSON.stringify(line)}`,
      }),
    );
  });
});
