import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseProcessLimits } from './process-limits.ts';

const HEADER = 'Limit                     Soft Limit           Hard Limit           Units     \n';

describe('parseProcessLimits', () => {
  it.each([
    ['both', 'Max open files 1024 4096 files\nMax address space 4096 unlimited bytes', '1024', '4096'],
    [
      'unlimited',
      'Max open files unlimited unlimited files\nMax address space unlimited unlimited bytes',
      'unlimited',
      'unlimited',
    ],
    [
      'of 64 bits',
      'Max address space         18446744073709551614 unlimited            bytes',
      undefined,
      '18446744073709551614',
    ],
    ['none of the two', 'Max nice priority         0                    0                    ', undefined, undefined],
    ['no lines', '', undefined, undefined],
    ['a limit that is there twice', 'Max open files 1 2 files\nMax open files 3 4 files', '1', undefined],
  ])('%s', (_, lines, maxOpenFiles, maxAddressSpaceBytes) => {
    expect(parseProcessLimits(`${HEADER}${lines}\n`)).toEqual({ maxOpenFiles, maxAddressSpaceBytes });
  });

  it('needs no header', () => {
    expect(parseProcessLimits('Max open files 1024 4096 files\n').maxOpenFiles).toBe('1024');
  });

  it.each([
    ['a word', 'Max open files many 4096 files'],
    ['a sign', 'Max open files -1 4096 files'],
    ['no value', 'Max open files '],
  ])('not: %s', (_, line) => {
    expect(parseRecorded(parseProcessLimits, `${HEADER}${line}\nMax address space 7 8 bytes\n`)).toEqual({
      value: { maxOpenFiles: undefined, maxAddressSpaceBytes: '7' },
      skipped: [line],
    });
  });
});
