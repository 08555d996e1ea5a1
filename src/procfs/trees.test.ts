/**
 * Golden reads of the trees in test/fixtures/procfs: what their files say, written down here by hand. That every line of
 * a list is there is held against the files themselves.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
} from './index.ts';

const fixtures = join(import.meta.dirname, '../../test/fixtures/procfs');

const golden = [
  {
    tree: '4.9',
    btimeSeconds: '1062191376',
    idleTotal: '46828483',
    load1: '0.20',
    totalTasks: '80',
    uptimeSeconds: '350735.47',
    memTotal: '2045404',
    disks: ['sda', 'sda1', 'sr0', 'cciss/c0d0'],
    lastColumn: 'weighted_time_in_progress',
    devices: ['lo', 'eth0'],
    received: '1215645489',
    self: {
      pid: '812',
      comm: 'rs:main Q:Reg',
      state: 'S',
      utimeTicks: '57',
      stimeTicks: '41',
      numThreads: '4',
      rssPages: '909',
    },
    wchar: '323929600',
    maxOpenFiles: '1024',
    fds: 4,
    // A counter of vmstat is 2^64 - 1 there.
    wrapped: 1,
  },
  {
    tree: '6.1',
    btimeSeconds: '1795403718',
    idleTotal: '511',
    load1: '0.00',
    totalTasks: '60',
    uptimeSeconds: '5.74',
    memTotal: '480024',
    disks: ['vda'],
    lastColumn: 'time_flushing',
    devices: ['lo', 'eth0'],
    received: '272',
    self: {
      pid: '113',
      comm: 'a) R (b\n1 2',
      state: 'S',
      utimeTicks: '0',
      stimeTicks: '1',
      numThreads: '1',
      rssPages: '1',
    },
    wchar: '11',
    maxOpenFiles: '1024',
    fds: 5,
    wrapped: 0,
  },
  {
    tree: '6.12',
    btimeSeconds: '1795403707',
    idleTotal: '524',
    load1: '0.00',
    totalTasks: '69',
    uptimeSeconds: '6.21',
    memTotal: '474728',
    disks: ['vda'],
    lastColumn: 'time_flushing',
    devices: ['lo', 'eth0'],
    received: '162',
    self: {
      pid: '162',
      comm: 'a) R (b\n1 2',
      state: 'S',
      utimeTicks: '0',
      stimeTicks: '2',
      numThreads: '1',
      rssPages: '395',
    },
    wchar: '11',
    maxOpenFiles: '1024',
    fds: 5,
    wrapped: 0,
  },
  {
    tree: '6.18',
    btimeSeconds: '1795397799',
    idleTotal: '877632',
    load1: '2.71',
    totalTasks: '130',
    uptimeSeconds: '5927.12',
    memTotal: '24684092',
    disks: ['loop0', 'loop1', 'loop2', 'loop3', 'loop4', 'loop5', 'loop6', 'loop7', 'vda', 'zram0'],
    lastColumn: 'time_flushing',
    devices: ['lo', 'ifb0', 'ifb1', 'eth0'],
    received: '2573002197',
    self: {
      pid: '15591',
      comm: 'busy é) S 1',
      state: 'S',
      utimeTicks: '39',
      stimeTicks: '6',
      numThreads: '11',
      rssPages: '28121',
    },
    wchar: '4211522',
    maxOpenFiles: '20000',
    fds: 26,
    wrapped: 0,
  },
] as const;

describe.each(golden)('the tree of $tree', (expected) => {
  const procfs = createProcfs(join(fixtures, expected.tree));
  const countLines = (path: string): number => readFileSync(join(procfs.root, path), 'utf8').split('\n').length - 1;

  it('stat', async () => {
    const stat = await readStat(procfs);
    expect(stat?.btimeSeconds).toBe(expected.btimeSeconds);
    expect(stat?.cpus.map(({ cpu }) => cpu)).toEqual(['total', '0', '1']);
    expect(stat?.cpus[0]?.fields).toMatchObject({ idle: expected.idleTotal, guest_nice: '0' });
  });

  it('loadavg and uptime', async () => {
    expect(await readLoadavg(procfs)).toMatchObject({ load1: expected.load1, totalTasks: expected.totalTasks });
    expect(await readUptime(procfs)).toMatchObject({ uptimeSeconds: expected.uptimeSeconds });
  });

  it('meminfo and vmstat have every line', async () => {
    const meminfo = await readMeminfo(procfs);
    expect(meminfo?.[0]).toEqual({ name: 'MemTotal', value: expected.memTotal, unit: 'kB' });
    expect(meminfo).toHaveLength(countLines('meminfo'));
    expect(meminfo?.find(({ name }) => name === 'HugePages_Total')).toMatchObject({ unit: undefined });
    const vmstat = await readVmstat(procfs);
    expect(vmstat?.[0]?.name).toBe('nr_free_pages');
    expect(vmstat).toHaveLength(countLines('vmstat') - expected.wrapped);
  });

  it('diskstats has the columns of its kernel', async () => {
    const disks = await readDiskstats(procfs);
    expect(disks?.map(({ name }) => name)).toEqual(expected.disks);
    expect(Object.keys(disks?.[0]?.fields ?? {}).at(-1)).toBe(expected.lastColumn);
  });

  it('net/dev, of the machine and of a process', async () => {
    const devices = await readNetDev(procfs);
    expect(devices?.map(({ name }) => name)).toEqual(expected.devices);
    expect(devices?.at(-1)?.receive.bytes).toBe(expected.received);
    expect((await readNetDev(procfs, 'self'))?.map(({ name }) => name)).toEqual(expected.devices);
  });

  it('a process', async () => {
    expect(await readProcessStat(procfs, 'self')).toMatchObject(expected.self);
    expect(await readProcessStat(procfs, Number(expected.self.pid))).toEqual(await readProcessStat(procfs, 'self'));
    expect(await readProcessStatus(procfs, 'self')).toContainEqual({
      name: 'Threads',
      value: expected.self.numThreads,
      unit: undefined,
    });
    expect(await readProcessIo(procfs, 'self')).toHaveLength(7);
    expect(await readProcessIo(procfs, 'self')).toContainEqual({
      name: 'wchar',
      value: expected.wchar,
      unit: undefined,
    });
    expect(await readProcessLimits(procfs, 'self')).toEqual({
      maxOpenFiles: expected.maxOpenFiles,
      maxAddressSpaceBytes: 'unlimited',
    });
    expect(await countProcessFds(procfs, 'self')).toBe(expected.fds);
  });
});

describe('what only some kernels have', () => {
  const names = async (tree: string, read: typeof readMeminfo): Promise<ReadonlySet<string>> =>
    new Set((await read(createProcfs(join(fixtures, tree))))?.map(({ name }) => name));
  const readSelfStatus: typeof readMeminfo = (procfs) => readProcessStatus(procfs, 'self');

  it.each([
    ['VmPMD', readSelfStatus, ['4.9']],
    ['THP_enabled', readSelfStatus, ['6.1', '6.12', '6.18']],
    ['Kthread', readSelfStatus, ['6.12', '6.18']],
    ['Hugetlb', readMeminfo, ['6.1', '6.12', '6.18']],
    ['Unaccepted', readMeminfo, ['6.12']],
    ['Balloon', readMeminfo, ['6.18']],
    ['nr_bounce', readVmstat, ['4.9', '6.1', '6.12']],
  ] as const)('%s', async (name, read, trees) => {
    const found = await Promise.all(
      golden.map(async ({ tree }) => ((await names(tree, read)).has(name) ? [tree] : [])),
    );
    expect(found.flat()).toEqual(trees);
  });
});

describe.each(['6.1', '6.12'])('other processes of %s', (tree) => {
  const procfs = createProcfs(join(fixtures, tree));

  it('a kernel thread has no memory', async () => {
    expect(await readProcessStat(procfs, 2)).toMatchObject({ comm: 'kthreadd', vsizeBytes: '0', rssPages: '0' });
    const names = (await readProcessStatus(procfs, 2))?.map(({ name }) => name);
    expect(names).toContain('Threads');
    expect(names?.filter((name) => name.startsWith('Vm'))).toEqual([]);
  });

  it('one that has ended has no memory, mounts and network', async () => {
    const pid = Number(readFileSync(join(procfs.root, 'zombie/stat'), 'utf8').split(' ', 1)[0]);
    expect(await readProcessStat(procfs, pid)).toMatchObject({ comm: 'sleep', state: 'Z', rssPages: '0' });
    expect((await readProcessStatus(procfs, pid))?.filter(({ unit }) => unit === 'kB')).toEqual([]);
    expect(await readProcessIo(procfs, pid)).toHaveLength(7);
    expect(await readMountinfo(procfs, pid)).toBeUndefined();
    expect(await readNetDev(procfs, pid)).toBeUndefined();
  });

  it('mounts with a blank and a backslash', async () => {
    const mounts = await readMountinfo(procfs, 'self');
    expect(mounts?.map(({ mountPoint, fsType, source }) => [mountPoint, fsType, source])).toEqual([
      ['/', 'rootfs', 'rootfs'],
      ['/proc', 'proc', 'proc'],
      ['/sys', 'sysfs', 'sysfs'],
      ['/dev', 'devtmpfs', 'devtmpfs'],
      ['/mnt', 'ext4', '/dev/vda'],
      ['/mnt/with blank', 'tmpfs', 'a source'],
      ['/mnt/back\\slash', 'ext4', '/dev/vda'],
    ]);
  });
});
