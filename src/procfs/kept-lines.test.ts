/**
 * Parsers that keep the lines of the last text: they give the same as without, and skip the same lines, whatever that was.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parseDiskstats } from './diskstats.ts';
import { type KeptLines, noKeptLines } from './kept-lines.ts';
import { parseMeminfo } from './meminfo.ts';
import { parseNameValues } from './name-value.ts';
import { parseNetDev } from './net-dev.ts';
import { parseProcessIo } from './process-io.ts';
import { parseProcessStatus } from './process-status.ts';
import type { OnSkipped } from './skipped.ts';
import { parseVmstat } from './vmstat.ts';

const tree = join(import.meta.dirname, '../../test/fixtures/procfs/6.12');
const linesOf = (path: string, count: number): string[] =>
  readFileSync(join(tree, path), 'latin1').split('\n').slice(0, count);

type Parse = (text: string, onSkipped: OnSkipped, kept?: KeptLines) => unknown;

const odd = ['', ' ', 'odd', 'a: -1', 'a: 1', 'a: 2', 'ab: 3', 'a:', 'ab: 4 kB', 'Threads: x', '\tcpu 1'];

describe.each<[string, Parse, string[]]>([
  ['names and values', parseNameValues, ['a: 1', 'b: 2 kB', 'ab 3', 'a: 4', 'b: -1', 'abc: 5']],
  ['meminfo', parseMeminfo, linesOf('meminfo', 6)],
  ['vmstat', parseVmstat, linesOf('vmstat', 6)],
  ['pid/io', parseProcessIo, linesOf('self/io', 6)],
  ['pid/status', parseProcessStatus, linesOf('self/status', 20)],
  ['diskstats', parseDiskstats, linesOf('diskstats', 4)],
  ['net/dev', parseNetDev, linesOf('net/dev', 5)],
])('%s', (_, parse, lines) => {
  /** A line as it is, or with a digit more in each number. */
  const line = fc.oneof(
    fc.constantFrom(...lines),
    fc.constantFrom(...lines.map((each) => each.replaceAll(/\b(\d)/g, '1$1'))),
    fc.constantFrom(...odd),
  );
  const mixed = fc.array(line, { maxLength: 8 });
  /** As it is at most scrapes: the same lines, of which some have other numbers. */
  const usual = fc
    .array(fc.boolean(), { minLength: lines.length, maxLength: lines.length })
    .map((isOther) => lines.map((each, i) => (isOther[i] ? each.replaceAll(/\b(\d)/g, '1$1') : each)));
  const text = fc.oneof(mixed, usual).map((each) => each.join('\n'));

  it('gives the same whatever the last text was', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), (texts) => {
        const kept = noKeptLines();
        for (const each of texts) {
          const parsed = parseRecorded((input, onSkipped) => parse(input, onSkipped, kept), each);
          expect(parsed).toEqual(parseRecorded(parse, each));
        }
      }),
      { numRuns: 300 },
    );
  });
});
