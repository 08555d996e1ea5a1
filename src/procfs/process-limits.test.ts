import { describe, expect, it } from 'vitest';
import { parseProcessLimits } from './process-limits.ts';

const HEADER = 'Limit                     Soft Limit           Hard Limit           Units     \n';

describe('parseProcessLimits', () => {
  it.each([
    ['both', 'Max open files 1024 4096 files\nMax address space 4096 unlimited bytes', '1024', '4096'],
    [
      'unlimited',
      'Max open files unlimited unlimited files\nMax address space unlimited unlimited bytes',
      undefined,
      undefined,
    ],
    [
      'of 64 bits',
      'Max address space         18446744073709551614 unlimited            bytes',
      undefined,
      '18446744073709551614',
    ],
    ['none of the two', 'Max nice priority         0                    0                    ', undefined, undefined],
    ['no lines', '', undefined, undefined],
  ])('%s', (_, lines, maxOpenFiles, maxAddressSpaceBytes) => {
    expect(parseProcessLimits(`${HEADER}${lines}\n`)).toEqual({ maxOpenFiles, maxAddressSpaceBytes });
  });

  it.each([
    ['nothing', '', 'a header', ''],
    ['no header', 'Max open files 1024 4096 files\n', 'a header', 'Max open files 1024 4096 files'],
    [
      'a word',
      `${HEADER}Max open files many 4096 files\n`,
      'a number or "unlimited"',
      'Max open files many 4096 files',
    ],
    ['a sign', `${HEADER}Max open files -1 4096 files\n`, 'a number or "unlimited"', 'Max open files -1 4096 files'],
    ['no value', `${HEADER}Max open files \n`, 'a number or "unlimited"', 'Max open files '],
  ])('not: %s', (_, text, expected, line) => {
    expect(() => parseProcessLimits(text)).toThrow(
      expect.objectContaining({
        name: 'ProcfsError',
        code: 'malformed',
        message: `Cannot parse process limits: expected ${expected}, got ${JSON.stringify(line)}`,
      }),
    );
  });
});
