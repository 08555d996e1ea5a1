import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseProcessStat } from './process-stat.ts';

/** Fields 4 to 24 of proc_pid_stat(5), each with its number as value. */
const NUMBERS = Array.from({ length: 21 }, (_, i) => String(i + 4)).join(' ');

describe('parseProcessStat', () => {
  it.each([
    ['a plain name', 'node'],
    ['an empty one', ''],
    ['a blank', 'tmux: server'],
    ['brackets', '(sd-pam)'],
    ['a closing bracket alone', ')'],
    ['what looks like the rest of the line', 'a) R 1 2 3 ('],
    ['a line feed', 'a\nb'],
    ['a kernel worker, longer than 15 bytes', 'kworker/u8:2-events_unbound'],
    ['other letters', 'naïve ☃'],
  ])('comm: %s', (_, comm) => {
    expect(parseProcessStat(`42 (${comm}) S ${NUMBERS} 25 26\n`)).toMatchObject({
      pid: '42',
      comm,
      state: 'S',
      ppid: '4',
    });
  });

  it.each([
    ['nothing', ''],
    ['no name', `42 S ${NUMBERS}`],
    ['a name that does not end', `42 (node S ${NUMBERS}`],
    ['no pid', `(node) S ${NUMBERS}`],
    ['a pid that is no number', `self (node) S ${NUMBERS}`],
    ['a negative pid', `-1 (node) S ${NUMBERS}`],
    ['brackets the other way', `42 )node( S ${NUMBERS}`],
    ['no state', `42 (node) ${NUMBERS}`],
    ['a state of two letters', `42 (node) SS ${NUMBERS}`],
    ['a line cut off before the time of start', '42 (node) S 4 5 6'],
    ['a time of start that is none', `42 (node) S ${NUMBERS.replace('22', 'x')}`],
    ['a time of start that has wrapped below zero', `42 (node) S ${NUMBERS.replace('22', '18446744073709551615')}`],
  ])('not: %s', (_, text) => {
    expect(parseRecorded(parseProcessStat, text)).toEqual({ value: undefined, skipped: [text] });
  });

  it('gives each field of the manual page under its name', () => {
    expect(parseProcessStat(`1 (init) R ${NUMBERS}`)).toEqual({
      pid: '1',
      comm: 'init',
      state: 'R',
      ppid: '4',
      utimeTicks: '14',
      stimeTicks: '15',
      cutimeTicks: '16',
      cstimeTicks: '17',
      numThreads: '20',
      startTimeTicks: '22',
      vsizeBytes: '23',
      rssPages: '24',
    });
  });

  it.each([
    ['a negative time of children', '16', '-1', 'cutimeTicks'],
    ['a size that has wrapped below zero', '23', '18446744073709551615', 'vsizeBytes'],
    ['a negative number of pages', '24', '-3', 'rssPages'],
    ['a word', '14', 'x', 'utimeTicks'],
    ['a line cut off before it', ' 24', '', 'rssPages'],
  ] as const)('leaves out %s, and nothing else', (_, number, written, field) => {
    const text = `1 (init) R ${NUMBERS.replace(number, written)}`;
    const whole = parseProcessStat(`1 (init) R ${NUMBERS}`);
    expect(parseRecorded(parseProcessStat, text)).toEqual({ value: { ...whole, [field]: undefined }, skipped: [text] });
  });

  it('reads past a word among the numbers that are not used', () => {
    const text = `1 (init) R ${NUMBERS.replace(' 8 ', ' x ')}`;
    expect(parseRecorded(parseProcessStat, text)).toMatchObject({ value: { rssPages: '24' }, skipped: [] });
  });

  it('finds the fields behind any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 64 }), (comm) => {
        expect(parseProcessStat(`7 (${comm}) Z ${NUMBERS}\n`)).toMatchObject({ comm, state: 'Z', rssPages: '24' });
      }),
    );
  });
});
