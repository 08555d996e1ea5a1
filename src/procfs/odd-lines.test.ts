/**
 * One odd line costs one line, in every parser of many lines: what a kernel wrote, with an odd line inserted anywhere, gives
 * the same rows as without it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import {
  type OnSkipped,
  parseCgroupBlkio,
  parseCgroupFlatKeyed,
  parseCgroupIoStat,
  parseCgroupProcs,
  parseDiskstats,
  parseMeminfo,
  parseMountinfo,
  parseNetDev,
  parsePressure,
  parseProcessCgroups,
  parseProcessIo,
  parseProcessLimits,
  parseProcessStatus,
  parseStat,
  parseVmstat,
} from './index.ts';

const tree = join(import.meta.dirname, '../../test/fixtures/procfs/6.12');
const fixture = (path: string): string => readFileSync(join(tree, path), 'latin1');

interface LineParser {
  readonly text: string;
  readonly parse: (text: string, onSkipped: OnSkipped) => unknown;
  /** Lines in front of which nothing is inserted. */
  readonly headerLines?: number;
  /** It has lines that are not read, and cannot tell an odd line from these. */
  readonly passesOver?: boolean;
  /** Two of its lines may be the same: they are members of a set, and no series. */
  readonly isSet?: boolean;
}

const parsers: Readonly<Record<string, LineParser>> = {
  diskstats: { text: fixture('diskstats'), parse: parseDiskstats },
  meminfo: { text: fixture('meminfo'), parse: parseMeminfo },
  'net/dev': { text: fixture('net/dev'), parse: parseNetDev, headerLines: 2 },
  stat: { text: fixture('stat'), parse: parseStat, passesOver: true },
  vmstat: { text: fixture('vmstat'), parse: parseVmstat },
  'pid/io': { text: fixture('self/io'), parse: parseProcessIo },
  'pid/limits': { text: fixture('self/limits'), parse: parseProcessLimits, passesOver: true },
  'pid/mountinfo': {
    text: fixture('self/mountinfo'),
    parse: (text, onSkipped) => parseMountinfo(Buffer.from(text, 'latin1'), onSkipped),
    isSet: true,
  },
  'pid/status': { text: fixture('self/status'), parse: parseProcessStatus, passesOver: true },
  'pid/cgroup': {
    text: '4:memory:/a:b\n2:cpu,cpuacct:/\n1:name=systemd:/x\n0::/y\n',
    parse: parseProcessCgroups,
    isSet: true,
  },
  'cpu.pressure': {
    text: 'some avg10=0.12 avg60=0.10 avg300=0.01 total=12345\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=67\n',
    parse: parsePressure,
  },
  'memory.stat': { text: 'anon 600\nfile 300\nkernel 100\ninactive_file 200\n', parse: parseCgroupFlatKeyed },
  'io.stat': {
    text: '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n254:0 rbytes=7 wbytes=8 rios=9\n',
    parse: parseCgroupIoStat,
  },
  'blkio.throttle.io_serviced': { text: '8:0 Read 1\n8:0 Write 2\n8:16 Read 3\nTotal 6\n', parse: parseCgroupBlkio },
  'cgroup.procs': { text: '1\n7\n4194304\n', parse: parseCgroupProcs, isSet: true },
};

/** Lines that no file has, whatever a kernel does. */
const oddLines: Readonly<Record<string, string>> = {
  words: 'what is this',
  punctuation: ':=()|-',
  'a NUL': '\0',
  'a NUL in a line': 'anon\0 1',
  'a name alone': 'odd',
  'a name without a value': 'odd: ',
  'a negative number': 'Threads: -5',
  'a number that has wrapped below zero': 'VmRSS: 18446744073709551615',
  'a huge number': `VmRSS: ${'9'.repeat(300)}`,
  hexadecimal: 'VmRSS: 0x10',
  'another unit': 'VmRSS: 10 MB',
  'a device that is unknown': '(unknown) rbytes=0 wbytes=0 rios=0 wios=0',
  'a device with an odd pair': '8:99 rbytes',
  'bytes that are not UTF-8': '\xff\xfe: x',
  'a long line': `VmRSS: ${'x'.repeat(100_000)}`,
  'numbers without end': `VmRSS ${'1 '.repeat(20_000)}x`,
  'a carriage return': 'VmRSS: x\r',
  'a CPU without counts': 'cpu0',
  'a limit without a value': 'Max open files ',
};

const PIECES = [
  '0',
  '1',
  ' ',
  '\t',
  ':',
  '=',
  '-',
  '8:0 ',
  'cpu0',
  'VmRSS:',
  ' kB',
  '18446744073709551615',
  'rbytes=',
  '\0',
  '\xff',
];

function insert(text: string, line: string, at: number): string {
  const lines = text.trimEnd().split('\n');
  return `${[...lines.slice(0, at), line, ...lines.slice(at)].join('\n')}\n`;
}

describe.each(Object.entries(parsers))(
  '%s',
  (_name, { text, parse, headerLines = 0, passesOver = false, isSet = false }) => {
    const lineCount = text.trimEnd().split('\n').length;
    const good = parseRecorded(parse, text);

    it('skips nothing of what a kernel wrote', () => {
      expect(good.skipped).toEqual([]);
    });

    it.each(Object.entries(oddLines))('with %s anywhere, has all else', (_kind, line) => {
      for (let at = headerLines; at <= lineCount; at++) {
        const { value, skipped } = parseRecorded(parse, insert(text, line, at));
        expect(value).toEqual(good.value);
        expect(skipped).toEqual(passesOver && skipped.length === 0 ? [] : [line]);
      }
    });

    it('with any line that it skips, anywhere, has all else', () => {
      const header = text.split('\n').slice(0, headerLines).join('\n');
      const nothing = parse(header, () => undefined);
      const lines = text.trimEnd().split('\n');
      const cut = fc.tuple(fc.constantFrom(...lines), fc.nat(200)).map(([line, length]) => line.slice(0, length));
      const garbage = fc
        .array(fc.oneof(fc.string({ unit: 'binary', maxLength: 10 }), fc.constantFrom(...PIECES)), { maxLength: 20 })
        .map((pieces) => pieces.join('').replace(/[^\0-\xff]|\n/gu, '?'));
      let inserted = 0;
      fc.assert(
        fc.property(fc.oneof(cut, garbage), fc.integer({ min: headerLines, max: lineCount }), (line, at) => {
          const alone = parseRecorded(parse, `${header}\n${line}\n`);
          const isSkipped = alone.skipped.length === 1 && JSON.stringify(alone.value) === JSON.stringify(nothing);
          if (isSkipped) {
            inserted += 1;
            expect(parseRecorded(parse, insert(text, line, at))).toEqual({ ...good, skipped: [line] });
          }
        }),
        { numRuns: 500 },
      );
      // The property would hold of a parser that skips nothing, too.
      expect(inserted).toBeGreaterThan(passesOver ? -1 : 100);
    });

    it.each([
      ['a blank line', (at: number) => insert(text, '', at)],
      ['a line of blanks', (at: number) => insert(text, ' \t ', at)],
      ['no line feed at the end', () => text.trimEnd()],
    ])('with %s, is the same and skips nothing', (_kind, make) => {
      expect(parseRecorded(parse, make(headerLines))).toEqual(good);
      expect(parseRecorded(parse, make(lineCount))).toEqual(good);
    });

    it('with a line twice, has each series once', () => {
      const lines = isSet ? [] : text.trimEnd().split('\n').slice(headerLines);
      for (const line of lines) {
        expect(parseRecorded(parse, insert(text, line, lineCount)).value).toEqual(good.value);
      }
    });

    it('empty, has no rows and skips nothing', () => {
      expect(parseRecorded(parse, '').skipped).toEqual([]);
    });
  },
);
