import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseProcessIo } from './process-io.ts';

describe('parseProcessIo', () => {
  it('gives every line in the order of the kernel', () => {
    expect(parseProcessIo('rchar: 323934931\nwchar: 9223372036854775807\nsyscr: 0\n')).toEqual([
      { name: 'rchar', value: '323934931', unit: undefined },
      { name: 'wchar', value: '9223372036854775807', unit: undefined },
      { name: 'syscr', value: '0', unit: undefined },
    ]);
  });

  it.each([
    ['a line cut off', 'wchar:'],
    ['a word', 'wchar: many'],
    ['a value that has wrapped below zero', 'cancelled_write_bytes: 18446744073709547520'],
    ['a negative value', 'write_bytes: -4096'],
    ['a fraction', 'wchar: 1.5'],
  ])('not: %s', (_, line) => {
    expect(parseRecorded(parseProcessIo, `${line}\nsyscr: 0\n`)).toMatchObject({
      value: [{ name: 'syscr', value: '0' }],
      skipped: [line],
    });
  });
});
