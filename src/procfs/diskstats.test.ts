import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseDiskstats } from './diskstats.ts';

const ELEVEN = '1 2 3 4 5 6 7 8 9 10 11';

describe('parseDiskstats', () => {
  it.each([
    ['11 counters, before 4.18', `   8       0 sda ${ELEVEN}`, 'sda', 11],
    ['15 counters, before 5.5', `   8       0 sda ${ELEVEN} 12 13 14 15`, 'sda', 15],
    ['17 counters', `   8       0 sda ${ELEVEN} 12 13 14 15 16 17`, 'sda', 17],
    ['more than are known', `   8       0 sda ${ELEVEN} 12 13 14 15 16 17 18 19`, 'sda', 17],
    ['a name of a directory', ` 104       0 cciss/c0d0p1 ${ELEVEN}`, 'cciss/c0d0p1', 11],
    ['counters of 63 bits', '259 0 nvme0n1 9223372036854775807 2 3 4 5 6 7 8 9 10 11', 'nvme0n1', 11],
    ['a counter that has wrapped below zero', '8 0 sda 18446744073709551615 2 3 4 5 6 7 8 9 10 11', 'sda', 10],
    ['a negative counter', '8 0 sda -1 2 3 4 5 6 7 8 9 10 11', 'sda', 10],
    ['a number that no machine has', `8 0 sda ${'9'.repeat(40)} 2 3 4 5 6 7 8 9 10 11`, 'sda', 10],
    ['a negative number in progress', '8 0 sda 1 2 3 4 5 6 7 8 -1 10 11', 'sda', 10],
    ['the same in 32 bits', '8 0 sda 1 2 3 4 5 6 7 8 4294967295 10 11', 'sda', 10],
    ['a disk that is there twice', `8 0 sda ${ELEVEN}\n8 0 sda 1 1 1 1 1 1 1 1 1 1 1`, 'sda', 11],
  ])('%s', (_, line, name, columns) => {
    const [disk, ...others] = parseDiskstats(`${line}\n`);
    expect(others).toEqual([]);
    expect(disk?.name).toBe(name);
    expect(Object.keys(disk?.fields ?? {})).toHaveLength(columns);
  });

  it.each([
    ['too few counters', '8 0 sda 1 2 3 4 5 6 7 8 9 10'],
    ['the partitions of kernels before 2.6.25', '8 1 sda1 1 2 3 4'],
    ['no name', `8 0 ${ELEVEN}`],
    ['a letter in a number', '8 0 sda 1 2 3 4 5 6 7 8 9 10 x'],
    ['a negative device', `-8 0 sda ${ELEVEN}`],
    ['hexadecimal', '8 0 sda 0x1 2 3 4 5 6 7 8 9 10 11'],
    ['words', 'disk'],
  ])('not: %s', (_, line) => {
    expect(parseRecorded(parseDiskstats, `${line}\n8 16 sdb ${ELEVEN}\n`)).toMatchObject({
      value: [{ name: 'sdb' }],
      skipped: [line],
    });
  });

  it('puts each counter under its name, digits untouched', () => {
    const digits = Array.from({ length: 17 }, (_, i) => (i === 8 ? '2147483647' : `${i + 1000}446744073709551`));
    expect(parseDiskstats(`254 16 vdb ${digits.join(' ')}`)).toEqual([
      {
        major: '254',
        minor: '16',
        name: 'vdb',
        fields: {
          reads: digits[0],
          merged: digits[1],
          sectors_read: digits[2],
          time_reading: digits[3],
          writes: digits[4],
          writes_merged: digits[5],
          sectors_written: digits[6],
          time_writing: digits[7],
          in_progress: digits[8],
          time_in_progress: digits[9],
          weighted_time_in_progress: digits[10],
          discards: digits[11],
          discards_merged: digits[12],
          sectors_discarded: digits[13],
          time_discarding: digits[14],
          flushes: digits[15],
          time_flushing: digits[16],
        },
      },
    ]);
  });

  it('has no field for a column that is not there', () => {
    expect(parseDiskstats(`8 0 sda ${ELEVEN}`)[0]?.fields).not.toHaveProperty('discards');
  });

  it('is empty where there is no disk', () => {
    expect(parseDiskstats('')).toEqual([]);
  });
});
