/**
 * What the readers make of files that are missing, cannot be read, are too long, or are of a process that is going.
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
import { ProcfsError } from './procfs-error.ts';
import { countEntries, createProcfs, type Procfs, readText } from './read.ts';
import { readStat } from './stat.ts';
import { readUptime } from './uptime.ts';
import { readVmstat } from './vmstat.ts';

const PID = 42;

/** Every reader of a file, with its path. */
const readers: readonly [path: string, read: (procfs: Procfs) => Promise<unknown>][] = [
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
beforeEach(() => {
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
  it.each(readers)('%s that cannot be read is an error with its path and cause', async (path, read) => {
    const file = join(root, path);
    mkdirSync(file);
    const reading = read({ root });
    await expect(reading).rejects.toBeInstanceOf(ProcfsError);
    await expect(reading).rejects.toMatchObject({
      code: 'unreadable',
      message: expect.stringContaining(`Cannot read "${file}": EISDIR`),
      cause: { code: 'EISDIR' },
    });
  });

  it.each(readers)('%s that is longer than its bound is an error with the bound', async (path, read) => {
    const file = join(root, path);
    writeFileSync(file, Buffer.alloc(17 * 1024 * 1024, 'x'));
    await expect(read({ root })).rejects.toMatchObject({
      name: 'ProcfsError',
      code: 'too_large',
      message: expect.stringMatching(/^Cannot read ".*": more than \d+ bytes$/),
    });
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

describe('readText', () => {
  it.each([0, 1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 32 * 1024, 99_999, 100_000])(
    'reads %i bytes',
    async (length) => {
      const text = Array.from({ length }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
      writeFileSync(join(root, 'file'), text);
      expect(await readText({ root }, ['file'], 100_000)).toBe(text);
    },
  );

  it('refuses one byte more than the bound', async () => {
    writeFileSync(join(root, 'file'), 'x'.repeat(100_001));
    await expect(readText({ root }, ['file'], 100_000)).rejects.toThrow(
      `Cannot read "${root}/file": more than 100000 bytes`,
    );
  });

  it('gives what is not UTF-8 as replacement characters', async () => {
    writeFileSync(join(root, 'file'), Buffer.from([0x61, 0xff, 0x62]));
    expect(await readText({ root }, ['file'], 10)).toBe('a\ufffdb');
  });

  it('keeps texts apart that are read at once', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `file-${i}`);
    for (const name of names) {
      writeFileSync(join(root, name), name.repeat(100));
    }
    expect(await Promise.all(names.map((name) => readText({ root }, [name], 10_000)))).toEqual(
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
    await expect(countEntries({ root }, ['net'], 2)).rejects.toMatchObject({
      code: 'too_large',
      message: `Cannot count the entries of "${root}/net": more than 2`,
    });
  });

  it('gives undefined for a file in the place of a directory', async () => {
    writeFileSync(join(root, `${PID}/fd`), '');
    expect(await countProcessFds({ root }, PID)).toBeUndefined();
  });
});

describe('createProcfs', () => {
  it('is the mounted one unless told otherwise', () => {
    expect(createProcfs()).toEqual({ root: '/proc' });
    expect(createProcfs('/host/proc')).toEqual({ root: '/host/proc' });
  });
});
