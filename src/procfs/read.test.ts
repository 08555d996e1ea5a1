/**
 * What the readers make of files that are missing, cannot be read, are too long, or are of a process that is ending.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDiskstats } from './diskstats.ts';
import { readLoadavg } from './loadavg.ts';
import { readMeminfo } from './meminfo.ts';
import { readMountinfo } from './mountinfo.ts';
import { readNetDev } from './net-dev.ts';
import { countProcessFds } from './process-fd.ts';
import { readProcessIo } from './process-io.ts';
import { readProcessLimits } from './process-limits.ts';
import { readProcessStat } from './process-stat.ts';
import { readProcessStatus } from './process-status.ts';
import { createProcfs, type Procfs, readParsed, snapshotOf } from './read.ts';
import { countEntries } from './read-directory.ts';
import { SkippedLines } from './skipped.ts';
import { readStat } from './stat.ts';
import { readUptime } from './uptime.ts';
import { readVmstat } from './vmstat.ts';

const PID = 42;

/** Every reader of a file, with its path. */
const readers: readonly [path: string, read: (procfs: Procfs) => unknown][] = [
  ['diskstats', readDiskstats],
  ['loadavg', readLoadavg],
  ['meminfo', readMeminfo],
  ['net/dev', readNetDev],
  ['stat', readStat],
  ['uptime', readUptime],
  ['vmstat', readVmstat],
  [`${PID}/io`, (procfs) => readProcessIo(procfs, PID)],
  [`${PID}/limits`, (procfs) => readProcessLimits(procfs, PID)],
  [`${PID}/mountinfo`, (procfs) => readMountinfo(procfs, PID)],
  [`${PID}/net/dev`, (procfs) => readNetDev(procfs, PID)],
  [`${PID}/stat`, (procfs) => readProcessStat(procfs, PID)],
  [`${PID}/status`, (procfs) => readProcessStatus(procfs, PID)],
];

let root: string;
let messages: string[];
let skipped: SkippedLines;
beforeEach(() => {
  messages = [];
  skipped = new SkippedLines((message) => messages.push(message));
  root = mkdtempSync(join(tmpdir(), 'procfs-'));
  mkdirSync(join(root, 'net'));
  mkdirSync(join(root, `${PID}/net`), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

describe('every reader', () => {
  it.each(readers)('%s that is not there is undefined', async (_, read) => {
    expect(await read({ root })).toBeUndefined();
  });

  it.each(readers)('%s below a root that is not there is undefined', async (_, read) => {
    expect(await read({ root: join(root, 'none') })).toBeUndefined();
  });

  // Tests may run as root, who is refused nothing: a directory in the place of the file fails for everybody.
  it.each(readers)(
    '%s that cannot be read is undefined, and recorded once with its path and cause',
    async (path, read) => {
      const file = join(root, path);
      mkdirSync(file);
      expect(await read({ root, skipped })).toBeUndefined();
      expect(await read({ root, skipped })).toBeUndefined();
      expect(messages).toEqual([expect.stringContaining(`Cannot read "${file}": EISDIR`)]);
      expect(skipped.counts().size).toBe(0);
    },
  );

  it.each(readers)('%s that is longer than its limit is read as far as that, and counted', async (path, read) => {
    writeFileSync(join(root, path), Buffer.alloc(17 * 1024 * 1024, 'x'));
    await read({ root, skipped });
    const label = path.replace(/^42/, 'pid');
    expect(messages).toEqual([expect.stringContaining(`Skipped a line of "${label}": expected at most `)]);
    expect([...skipped.counts().keys()]).toEqual([label]);
  });
});

describe('a process that ends meanwhile', () => {
  it.each(['io', 'limits', 'stat', 'status'])('an empty %s is undefined', async (name) => {
    writeFileSync(join(root, `${PID}/${name}`), '');
    const [, read] = readers.find(([path]) => path === `${PID}/${name}`)!;
    expect(await read({ root })).toBeUndefined();
  });

  it('without a directory of descriptors, their number is undefined', async () => {
    expect(await countProcessFds({ root }, PID)).toBeUndefined();
  });
});

const readText = (path: readonly string[], maxBytes: number, into?: SkippedLines) =>
  readParsed(createProcfs(root, into), path, maxBytes, (text) => text);

describe('readParsed', () => {
  it.each([0, 1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 32 * 1024, 99_999, 100_000])(
    'reads %i bytes',
    async (length) => {
      const text = Array.from({ length }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
      writeFileSync(join(root, 'file'), text);
      expect(await readText(['file'], 100_000, skipped)).toBe(text);
      expect(skipped.counts().size).toBe(0);
    },
  );

  it.each([
    ['the lines that fit', 'one\ntwo\nthree\n', 8, 'one\ntwo\n'],
    ['no part of a line: its number would be a wrong one', 'one\ntwo 12345\n', 10, 'one\n'],
    ['nothing of a line that is longer than that', 'x'.repeat(40_000), 20_000, ''],
    ['a line that ends with the limit', 'one\ntwo\n', 4, 'one\n'],
  ])('gives of a file that is longer than its limit %s', async (_, text, maxBytes, read) => {
    writeFileSync(join(root, 'file'), text);
    expect(await readText(['file'], maxBytes, skipped)).toBe(read);
    expect(messages).toEqual([expect.stringContaining(`expected at most ${maxBytes} bytes`)]);
  });

  it('gives bytes that are not UTF-8 as escapes', async () => {
    writeFileSync(join(root, 'file'), Buffer.from([0x61, 0xff, 0x62]));
    expect(await readText(['file'], 10)).toBe('a\\xffb');
  });

  it('keeps texts apart that are read at once', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `file-${i}`);
    for (const name of names) {
      writeFileSync(join(root, name), name.repeat(100));
    }
    expect(await Promise.all(names.map((name) => readText([name], 10_000)))).toEqual(
      names.map((name) => name.repeat(100)),
    );
  });
});

describe('countEntries', () => {
  it('counts up to its bound', async () => {
    for (const name of ['0', '1', '2']) {
      writeFileSync(join(root, 'net', name), '');
    }
    expect(await countEntries({ root }, ['net'], 3)).toBe(3);
    expect(await countEntries({ root, skipped }, ['net'], 2)).toBeUndefined();
    expect(messages).toEqual([`Cannot read "${root}/net": more than 2 entries`]);
  });

  it('gives undefined for a file in the place of a directory', async () => {
    writeFileSync(join(root, `${PID}/fd`), '');
    expect(await countProcessFds({ root }, PID)).toBeUndefined();
  });
});

describe('snapshotOf', () => {
  const count = (procfs: Procfs) =>
    readParsed(procfs, ['file'], 100, (text, onSkipped) => {
      onSkipped(text, 'more');
      return text;
    });

  it('reads each file once, and counts what is skipped of it once', () => {
    writeFileSync(join(root, 'file'), 'one');
    const procfs = createProcfs(root, skipped);
    const snapshot = snapshotOf(procfs);
    expect(count(snapshot)).toBe('one');
    writeFileSync(join(root, 'file'), 'two');
    expect([count(snapshot), count(snapshotOf(procfs)), count(procfs)]).toEqual(['one', 'two', 'two']);
    expect(skipped.counts()).toEqual(new Map([['file', 3]]));
  });

  it('does not look again for a file that was not there', () => {
    const snapshot = snapshotOf(createProcfs(root));
    expect(count(snapshot)).toBeUndefined();
    writeFileSync(join(root, 'file'), 'one');
    expect(count(snapshot)).toBeUndefined();
  });
});

describe('readMountinfo', () => {
  const LINE = '21 1 254:0 / /data rw - ext4 /dev/vda rw\n';
  const file = () => join(root, `${PID}/mountinfo`);
  const points = () => readMountinfo({ root, skipped }, PID)?.map(({ mountPoint }) => mountPoint);

  it('gives what is in the file, whether it has changed or not', () => {
    writeFileSync(file(), LINE);
    expect([points(), points()]).toEqual([['/data'], ['/data']]);
    writeFileSync(file(), LINE.replace('data', 'date'));
    expect(points()).toEqual(['/date']);
    writeFileSync(file(), '');
    expect(points()).toEqual([]);
  });

  it('counts a line that it skips each time', () => {
    writeFileSync(file(), `odd\n${LINE}`);
    expect([points(), points()]).toEqual([['/data'], ['/data']]);
    expect(skipped.counts()).toEqual(new Map([['pid/mountinfo', 2]]));
  });
});

describe('createProcfs', () => {
  it('is the mounted one by default', () => {
    expect(createProcfs()).toEqual({ root: '/proc' });
    expect(createProcfs('/host/proc')).toEqual({ root: '/host/proc' });
  });
});
