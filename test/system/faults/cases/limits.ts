/**
 * Faults of one sandbox: what exceeds a limit of the monitor.
 */
import { bodyFault, type Fault } from '../fault.ts';
import { goodBody, withoutFamily } from '../good-body.ts';

const MAX_SAMPLES = 20_000;
const goodSampleCount = goodBody.split('\n').filter((line) => /^[^#]/.test(line)).length;
const longName = `kata_${'n'.repeat(5000)}`;
const longHelpSample = '# TYPE kata_long_help gauge\nkata_long_help 1\n';
const manySample = (i: number): string => `kata_many{n="${i}"} ${i}\n`;
const repeat = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

export const limits: readonly Fault[] = [
  // Has a HELP of one megabyte, which the response would carry for all sandboxes.
  bodyFault({
    name: 'long-help',
    sent: `${goodBody}# HELP kata_long_help ${'long '.repeat(200_000)}\n${longHelpSample}`,
    kept: goodBody + longHelpSample,
    reasons: ['help_too_long'],
  }),
  // Has lines of 3 MB: a label value, and a comment.
  bodyFault({
    name: 'long-line',
    sent: `${goodBody}kata_guest_load{item="${'x'.repeat(3_000_000)}"} 1\n# ${'y'.repeat(500_000)}\n`,
    reasons: ['label_value_too_long'],
  }),
  // Has a family and a label whose names have kilobytes, with and without HELP and TYPE.
  bodyFault({
    name: 'long-names',
    sent: `${goodBody}# HELP ${longName} x\n# TYPE ${longName} gauge\n${longName} 1\nkata_guest_load{${longName}="1"} 1\n`,
    reasons: ['name_too_long'],
  }),
  // Has a value of 100,000 digits that is still a number.
  bodyFault({
    name: 'long-number',
    sent: `${goodBody}kata_guest_load{item="load2"} 0.${'0'.repeat(100_000)}1\n`,
    kept: withoutFamily('kata_guest_load'),
    reasons: ['bad_value'],
  }),
  // Has more families than a sandbox may have. Families without samples need memory too.
  bodyFault({
    name: 'many-families',
    sent: `${goodBody}${repeat(20_000, (i) => `# TYPE kata_many_${i} gauge\n`)}kata_one_more 1\n`,
    reasons: ['too_many_families'],
  }),
  // Has a sample with a thousand labels.
  bodyFault({
    name: 'many-labels',
    sent: `${goodBody}kata_guest_load{${repeat(1000, (i) => `,l${i}="x"`).slice(1)}} 1\n`,
    reasons: ['too_many_labels'],
  }),
  // Has more samples than a sandbox may have.
  bodyFault({
    name: 'many-samples',
    sent: `${goodBody}# TYPE kata_many gauge\n${repeat(40_000, manySample)}`,
    kept: `${goodBody}# TYPE kata_many gauge\n${repeat(MAX_SAMPLES - goodSampleCount, manySample)}`,
    reasons: ['too_many_samples'],
  }),
];
