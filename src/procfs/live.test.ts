/**
 * Every reader on the kernel that runs the test: of this process, of one that has ended and is not waited for, and of
 * one that is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  countProcessFds,
  createProcfs,
  readDiskstats,
  readLoadavg,
  readMeminfo,
  readMountinfo,
  readNetDev,
  readProcessIo,
  readProcessLimits,
  readProcessStat,
  readProcessStatus,
  readStat,
  readUptime,
  readVmstat,
  SkippedLines,
} from './index.ts';
import { readToEnd, unlessAbsent } from './read.ts';

const procfs = createProcfs();

const toNumbers = (entries: readonly { name: string; value: string }[] | undefined): ReadonlyMap<string, number> =>
  new Map(entries?.map(({ name, value }) => [name, Number(value)]));

describe('the machine', () => {
  it('stat', async () => {
    const stat = await readStat(procfs);
    expect(stat?.cpus[0]?.cpu).toBe('total');
    expect(stat?.cpus.length).toBeGreaterThan(1);
    const startedMs = Number(stat?.btimeSeconds) * 1000;
    expect(startedMs).toBeGreaterThan(0);
    expect(startedMs).toBeLessThan(Date.now());
  });

  it('uptime', async () => {
    const uptime = await readUptime(procfs);
    expect(Number(uptime?.uptimeSeconds)).toBeGreaterThan(0);
    expect(Number(uptime?.idleSeconds)).toBeGreaterThanOrEqual(0);
  });

  it('loadavg', async () => {
    const load = await readLoadavg(procfs);
    expect(Number(load?.load1)).toBeGreaterThanOrEqual(0);
    expect(Number(load?.totalTasks)).toBeGreaterThanOrEqual(Number(load?.runnableTasks));
  });

  it('meminfo', async () => {
    const meminfo = toNumbers(await readMeminfo(procfs));
    expect(meminfo.get('MemTotal')).toBeGreaterThan(meminfo.get('MemFree') ?? Number.NaN);
  });

  it('vmstat', async () => {
    expect(toNumbers(await readVmstat(procfs)).get('pgfault')).toBeGreaterThan(0);
  });

  it('diskstats', async () => {
    const names = (await readDiskstats(procfs))?.map(({ name }) => name) ?? [];
    expect(new Set(names).size).toBe(names.length);
  });

  it('net/dev', async () => {
    const devices = await readNetDev(procfs);
    expect(devices?.map(({ name }) => name)).toContain('lo');
    expect(await readNetDev(procfs, 'self')).toHaveLength(devices?.length ?? Number.NaN);
  });
});

describe('this process', () => {
  it('stat and status tell the same', async () => {
    const stat = await readProcessStat(procfs, 'self');
    const status = toNumbers(await readProcessStatus(procfs, 'self'));
    expect(stat?.pid).toBe(String(process.pid));
    expect(stat?.ppid).toBe(String(process.ppid));
    expect(status.get('Pid')).toBe(process.pid);
    expect(Number(stat?.numThreads)).toBeGreaterThan(1);
    expect(Number(stat?.rssPages)).toBeGreaterThan(0);
    expect(Number(stat?.vsizeBytes)).toBeGreaterThan(Number(stat?.rssPages));
    expect(status.get('VmPeak')).toBeGreaterThanOrEqual(status.get('VmSize') ?? Number.NaN);
    expect(status.get('VmHWM')).toBeGreaterThanOrEqual(status.get('RssAnon') ?? Number.NaN);
  });

  it('io', async () => {
    expect(toNumbers(await readProcessIo(procfs, 'self')).get('rchar')).toBeGreaterThan(0);
  });

  it('limits and descriptors', async () => {
    const count = await countProcessFds(procfs, process.pid);
    expect(count).toBeGreaterThan(2);
    const { maxOpenFiles = String(Number.MAX_SAFE_INTEGER) } = (await readProcessLimits(procfs, 'self')) ?? {};
    expect(Number(maxOpenFiles)).toBeGreaterThanOrEqual(count ?? Number.NaN);
  });

  it('mountinfo', async () => {
    expect((await readMountinfo(procfs, 'self'))?.map(({ fsType }) => fsType)).toContain('proc');
  });
});

describe('a process of another user', () => {
  const isRoot = process.geteuid?.() === 0;
  beforeAll(() => {
    if (isRoot) {
      process.seteuid?.(65_534);
    }
  });
  afterAll(() => {
    if (isRoot) {
      process.seteuid?.(0);
    }
  });

  // Process 1 is root's; this process is another user's.
  it.each([
    ['io', readProcessIo],
    ['fd', countProcessFds],
  ])('may not be asked for its %s', async (name, read) => {
    const messages: string[] = [];
    expect(await read(createProcfs('/proc', new SkippedLines((message) => messages.push(message))), 1)).toBeUndefined();
    expect(messages).toEqual([expect.stringContaining(`Cannot read "/proc/1/${name}": EACCES`)]);
  });
});

describe('a process that has ended', () => {
  let parent: ChildProcess | undefined;
  afterEach(async () => {
    if (parent !== undefined) {
      const ended = once(parent, 'exit');
      parent.kill();
      await ended;
      parent = undefined;
    }
  });

  it('is undefined in every reader', async () => {
    const child = spawn('true', { stdio: 'ignore' });
    const pid = child.pid!;
    await once(child, 'exit');
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(await readProcessStat(procfs, pid)).toBeUndefined();
    expect(await readProcessStatus(procfs, pid)).toBeUndefined();
    expect(await readProcessIo(procfs, pid)).toBeUndefined();
    expect(await readProcessLimits(procfs, pid)).toBeUndefined();
    expect(await readMountinfo(procfs, pid)).toBeUndefined();
    expect(await readNetDev(procfs, pid)).toBeUndefined();
    expect(await countProcessFds(procfs, pid)).toBeUndefined();
  });

  it.each(['io', 'limits', 'stat', 'status'])(
    'between the opening and the reading of %s is undefined',
    async (name) => {
      const child = spawn('sleep', ['600'], { stdio: 'ignore' });
      await once(child, 'spawn');
      const file = `/proc/${child.pid}/${name}`;
      const descriptor = openSync(file, 'r');
      try {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
        expect(() => readToEnd(descriptor, 4096)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
        const skipped = new SkippedLines((message) => expect.fail(message));
        expect(unlessAbsent(file, ['pid'], skipped, () => readToEnd(descriptor, 4096))).toBeUndefined();
      } finally {
        closeSync(descriptor);
      }
    },
  );

  it('is still there until it is waited for, without memory, mounts and descriptors', async () => {
    // The shell becomes a program that never waits for the child that it inherits, which ends once that has happened: a
    // shell would have waited for it.
    const child = 'until read -r name </proc/$PPID/comm && [ "$name" = sleep ]; do :; done';
    parent = spawn('sh', ['-c', `sh -c '${child}' & echo $!; exec sleep 600`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout!, 'data');
    const pid = Number(String(line));
    await expect.poll(async () => (await readProcessStat(procfs, pid))?.state, { timeout: 10_000 }).toBe('Z');
    const status = toNumbers(await readProcessStatus(procfs, pid));
    expect(status.get('Threads')).toBe(1);
    expect(status.has('VmRSS')).toBe(false);
    expect(await readProcessStat(procfs, pid)).toMatchObject({ vsizeBytes: '0', rssPages: '0' });
    expect(await readMountinfo(procfs, pid)).toBeUndefined();
    expect(await readNetDev(procfs, pid)).toBeUndefined();
    expect(await countProcessFds(procfs, pid)).toBe(0);
  });
});
