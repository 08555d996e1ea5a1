/**
 * Foreign text in every parser of /proc: each gives a value and never an error, and soon.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import {
  parseDiskstats,
  parseLoadavg,
  parseMeminfo,
  parseMountinfo,
  parseNetDev,
  parseProcessIo,
  parseProcessLimits,
  parseProcessStat,
  parseProcessStatus,
  parseStat,
  parseUptime,
  parseVmstat,
} from './index.ts';

const tree = join(import.meta.dirname, '../../test/fixtures/procfs/6.1');

const parsers: readonly [path: string, parse: (text: string) => unknown][] = [
  ['diskstats', parseDiskstats],
  ['loadavg', parseLoadavg],
  ['meminfo', parseMeminfo],
  ['net/dev', parseNetDev],
  ['stat', parseStat],
  ['uptime', parseUptime],
  ['vmstat', parseVmstat],
  ['self/io', parseProcessIo],
  ['self/limits', parseProcessLimits],
  ['self/mountinfo', (text) => parseMountinfo(Buffer.from(text, 'latin1'))],
  ['self/stat', parseProcessStat],
  ['self/status', parseProcessStatus],
];

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '\n',
    '\0',
    ' ',
    '\t',
    ':',
    '-',
    '(',
    ')',
    '\\',
    '|',
    'kB',
    '1e9',
    '-1',
    '\r\n',
    '\\777',
    '__proto__: 1',
  ),
);

describe.each(parsers)('the parser of %s', (path, parse) => {
  const sample = readFileSync(join(tree, path), 'latin1');

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        parse(pieces.join(''));
      }),
    );
  });

  it('takes what a kernel wrote with a part replaced', () => {
    const place = fc.nat(sample.length);
    fc.assert(
      fc.property(place, fc.nat(40), piece, (at, length, inserted) => {
        const text = sample.slice(0, at) + inserted + sample.slice(at + length);
        parse(text);
      }),
    );
  });

  it('takes what a kernel wrote, cut off anywhere', () => {
    fc.assert(
      fc.property(fc.nat(sample.length), (length) => {
        parse(sample.slice(0, length));
      }),
    );
  });

  // An expression that tries every split of such a run would need hours for each of these.
  it.each(['0', ' ', '\t', '\n', 'a', ':', '(', ')', '-', ' -', '\\04', '1 ', '1.', 'cpu', '|\n'])(
    'takes a megabyte of %j',
    (unit) => {
      const run = unit.repeat(1_000_000 / unit.length);
      parse(run);
      parse(`${sample}${run}`);
    },
    10_000,
  );
});
