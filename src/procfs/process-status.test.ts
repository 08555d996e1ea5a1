import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseProcessStatus } from './process-status.ts';

describe('parseProcessStatus', () => {
  it.each([
    ['memory', 'VmRSS:\t    3636 kB', { name: 'VmRSS', value: '3636', unit: 'kB' }],
    ['page middle directories, before 4.15', 'VmPMD:\t      12 kB', { name: 'VmPMD', value: '12', unit: 'kB' }],
    ['switches', 'voluntary_ctxt_switches:\t33', { name: 'voluntary_ctxt_switches', value: '33', unit: undefined }],
    ['threads', 'Threads:\t4', { name: 'Threads', value: '4', unit: undefined }],
  ])('%s', (_, line, entry) => {
    expect(parseProcessStatus(`${line}\n`)).toEqual([entry]);
  });

  it.each([
    ['a name that looks like a number', 'Name:\t123'],
    ['a name that looks like memory', 'Name:\t5 kB'],
    ['the mask of new files, octal', 'Umask:\t0022'],
    ['a state', 'State:\tS (sleeping)'],
    ['four ids', 'Uid:\t0\t0\t0\t0'],
    ['one group', 'Groups:\t1000 '],
    ['no group', 'Groups:\t '],
    ['the number in a namespace', 'NSpid:\t12'],
    ['a fraction of a queue', 'SigQ:\t0/7891'],
    ['a hexadecimal mask of digits only', 'SigCgt:\t0000000000010000'],
    ['the same of a group of threads', 'ShdPnd:\t0000000000000000'],
    ['capabilities', 'CapEff:\t0000000000000000'],
    ['a mask of CPUs', 'Cpus_allowed:\t3'],
    ['a list of one CPU', 'Cpus_allowed_list:\t0'],
    ['a list of one node', 'Mems_allowed_list:\t0'],
    ['an address', 'untag_mask:\t0xffffffffffffffff'],
    ['words', 'Speculation_Store_Bypass:\tnot vulnerable'],
    ['no value', 'x86_Thread_features:\t'],
  ])('passed over: %s', (_, line) => {
    expect(parseProcessStatus(`${line}\n`)).toEqual([]);
  });

  it.each([
    ['no colon', 'VmRSS 3636 kB'],
    ['no name', ': 3636 kB'],
    ['a blank in the name', 'Vm RSS: 3636 kB'],
    ['a blank first', ' VmRSS: 3636 kB'],
    ['no number', 'VmRSS:\tmuch kB'],
    ['another unit', 'VmRSS:\t3 MB'],
    ['memory that has wrapped below zero', 'RssAnon:\t18446744073709551612 kB'],
    ['a negative count', 'voluntary_ctxt_switches:\t-1'],
    ['a name that was there', 'Name:\tother'],
  ])('not: %s', (_, line) => {
    expect(parseRecorded(parseProcessStatus, `Name:\tnode\n${line}\nThreads:\t4\n`)).toMatchObject({
      value: [{ name: 'Threads' }],
      skipped: [line],
    });
  });

  it('gives the same whatever the names of the last file were', () => {
    const line = fc.constantFrom(
      'Name:\tx',
      'Name:\t5',
      'VmRSS:\t 3 kB',
      'VmRSS 3 kB',
      'Threads:\t4',
      'NSpid:\t1',
      'Threads',
      'x: 7',
      '',
    );
    const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        parseProcessStatus('');
        const alone = parseRecorded(parseProcessStatus, after);
        parseProcessStatus(before);
        expect(parseRecorded(parseProcessStatus, after)).toEqual(alone);
        expect(parseRecorded(parseProcessStatus, after)).toEqual(alone);
      }),
      { numRuns: 500 },
    );
  });
});
