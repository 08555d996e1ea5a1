/**
 * Against the real /proc: files that stay open between scrapes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  countProcessFds,
  createProcfs,
  keepOpen,
  type Procfs,
  readDiskstats,
  readMeminfo,
  readProcessIo,
  readProcessLimits,
  readProcessStat,
  readProcessStatus,
  readStat,
  readUptime,
  readVmstat,
  SkippedLines,
  snapshotOf,
} from './index.ts';

let messages: string[];
let procfs: Procfs;

beforeEach(() => {
  messages = [];
  procfs = keepOpen(createProcfs('/proc', new SkippedLines((message) => messages.push(message))));
});

afterEach(() => procfs.descriptors?.close());

const scrape = (tree: Procfs, pid: number | 'self') => ({
  uptime: readUptime(tree),
  names: [readVmstat(tree), readMeminfo(tree)].map((entries) => entries?.map(({ name }) => name)),
  disks: readDiskstats(tree)?.map(({ name }) => name),
  cpus: readStat(tree)?.cpus.map(({ cpu }) => cpu),
  stat: readProcessStat(tree, pid)?.pid,
  status: readProcessStatus(tree, pid)?.map(({ name }) => name),
  io: readProcessIo(tree, pid)?.map(({ name }) => name),
  limits: readProcessLimits(tree, pid),
});

async function withChild(run: (child: ChildProcess & { pid: number }) => Promise<void>): Promise<void> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    await run(child as ChildProcess & { pid: number });
  } finally {
    child.kill('SIGKILL');
  }
}

describe('files that stay open', () => {
  it('have what files that are opened each time have, at each scrape', () => {
    for (let i = 0; i < 3; i++) {
      const { uptime, ...kept } = scrape(snapshotOf(procfs), 'self');
      const { uptime: _, ...opened } = scrape(createProcfs(), 'self');
      expect(kept).toEqual(opened);
      expect(uptime).toBeDefined();
    }
    expect(messages).toEqual([]);
  });

  it('are read anew', async () => {
    const before = Number(readUptime(procfs)!.uptimeSeconds);
    await expect.poll(() => Number(readUptime(procfs)!.uptimeSeconds)).toBeGreaterThan(before);
  });

  it('are each open once, and none after the end', () => {
    const before = countProcessFds(procfs, 'self')!;
    scrape(procfs, 'self');
    const open = countProcessFds(procfs, 'self')!;
    expect(open).toBeGreaterThan(before);
    scrape(snapshotOf(procfs), 'self');
    expect(countProcessFds(procfs, 'self')).toBe(open);
    procfs.descriptors?.close();
    expect(countProcessFds(procfs, 'self')).toBe(before);
  });

  it('of a process are closed when it has ended', async () => {
    const before = countProcessFds(procfs, 'self')!;
    await withChild(async (child) => {
      expect(scrape(procfs, child.pid)).toMatchObject({ stat: String(child.pid) });
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(scrape(procfs, child.pid)).toMatchObject({ stat: undefined, status: undefined, io: undefined });
      expect(messages).toEqual([]);
    });
    procfs.descriptors?.close();
    await expect.poll(() => countProcessFds(procfs, 'self')).toBe(before);
  });

  it('are none of other trees', () => {
    expect(keepOpen(createProcfs('/proc/self/root/proc')).descriptors).toBeUndefined();
  });
});
