import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
    ['a line cut off before rss', `42 (node) S ${NUMBERS.replace(' 24', '')}`],
    ['a word among the numbers', `42 (node) S ${NUMBERS.replace('14', 'x')}`],
  ])('not: %s', (_, text) => {
    const quoted = JSON.stringify(text.slice(0, 80));
    expect(() => parseProcessStat(text)).toThrow(
      expect.objectContaining({
        name: 'ProcfsError',
        code: 'malformed',
        message: expect.stringContaining(
          `Cannot parse process stat: expected a pid, a name in brackets, a state and numbers, got ${quoted}`,
        ),
      }),
    );
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

  it('keeps signs and all digits', () => {
    const text = `1 (init) R ${NUMBERS.replace('16', '-1').replace('23', '18446744073709551615')}`;
    expect(parseProcessStat(text)).toMatchObject({ cutimeTicks: '-1', vsizeBytes: '18446744073709551615' });
  });

  it('finds the fields behind any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 64 }), (comm) => {
        expect(parseProcessStat(`7 (${comm}) Z ${NUMBERS}\n`)).toMatchObject({ comm, state: 'Z', rssPages: '24' });
      }),
    );
  });
});
