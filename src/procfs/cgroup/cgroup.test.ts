import { describe, expect, it } from 'vitest';
import { parseMountinfo, readMountinfo } from '../mountinfo.ts';
import { readProcessCgroups } from '../process-cgroup.ts';
import { createProcfs } from '../read.ts';
import { cgroupDirectory, findCgroupHierarchy } from './cgroup.ts';
import { readCgroupFlatKeyed } from './flat-keyed.ts';
import { readHugetlbSizes } from './hugetlb.ts';
import { readCgroupProcs } from './procs.ts';
import { readCgroupValue } from './value.ts';

const mounts = (...lines: string[]) => parseMountinfo(Buffer.from(lines.map((line) => `${line}\n`).join('')));

const V2 = '35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';
const V2_OF_CONTAINER = '90 24 0:30 /kubepods/c1 /run/c1/rootfs/sys/fs/cgroup ro - cgroup2 cgroup2 rw';
const V2_ELSEWHERE = '91 24 0:30 / /run/c1/sys/fs/cgroup rw - cgroup2 cgroup2 rw';
const V1_OF_CONTAINER = '92 24 0:31 /kubepods/c1 /run/c1/rootfs/sys/fs/cgroup/memory ro - cgroup cgroup rw,memory';
const V1_MEMORY = '36 24 0:31 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory';
const V1_CPU = '37 24 0:32 / /sys/fs/cgroup/cpu,cpuacct rw shared:11 - cgroup cgroup rw,cpu,cpuacct';
const V1_SYSTEMD = '38 24 0:33 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd';
const V2_BESIDE = '39 24 0:34 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw';

describe('findCgroupHierarchy', () => {
  it.each([
    ['v2', [V2], { kind: 'v2', root: '/sys/fs/cgroup' }],
    [
      'v2 with a hierarchy of v1 that has no controllers',
      [V1_SYSTEMD, V2_BESIDE],
      { kind: 'v2', root: '/sys/fs/cgroup/unified' },
    ],
    ["a container's bind mount after the real one", [V2, V2_OF_CONTAINER], { kind: 'v2', root: '/sys/fs/cgroup' }],
    ["a container's bind mount before the real one", [V2_OF_CONTAINER, V2], { kind: 'v2', root: '/sys/fs/cgroup' }],
    ['a bind mount of all of it', [V2, V2_ELSEWHERE], { kind: 'v2', root: '/sys/fs/cgroup' }],
    ['the only mount, elsewhere', [V2_ELSEWHERE], { kind: 'v2', root: '/run/c1/sys/fs/cgroup' }],
    ['a container that only has a part', [V2_OF_CONTAINER], { kind: 'v2', root: '/run/c1/rootfs/sys/fs/cgroup' }],
    ['nothing', [V1_SYSTEMD], undefined],
  ])('%s', (_, lines, expected) => {
    expect(findCgroupHierarchy(mounts(...lines))).toEqual(expected);
  });

  it('v1, with a v2 beside it', () => {
    const hierarchy = findCgroupHierarchy(mounts(V1_MEMORY, V1_CPU, V1_SYSTEMD, V2_BESIDE))!;
    expect(hierarchy.kind).toBe('v1');
    expect(cgroupDirectory(hierarchy, 'cpuacct', '/a/b')).toEqual({ root: '/sys/fs/cgroup/cpu,cpuacct/a/b' });
    expect(cgroupDirectory(hierarchy, 'memory', '/a')).toEqual({ root: '/sys/fs/cgroup/memory/a' });
    expect(cgroupDirectory(hierarchy, 'hugetlb', '/a')).toBeUndefined();
  });

  it.each([[[V1_MEMORY, V1_OF_CONTAINER, V1_CPU]], [[V1_OF_CONTAINER, V1_MEMORY, V1_CPU]]])(
    "v1, with a container's bind mount",
    (lines) => {
      const hierarchy = findCgroupHierarchy(mounts(...lines))!;
      expect(cgroupDirectory(hierarchy, 'memory', '/a')).toEqual({ root: '/sys/fs/cgroup/memory/a' });
    },
  );

  it('has every controller of v2 in one directory', () => {
    expect(cgroupDirectory({ kind: 'v2', root: '/c' }, 'memory', '/a')).toEqual({ root: '/c/a' });
  });
});

describe('the cgroups of this machine', () => {
  const procfs = createProcfs();

  it('are found, and this process is in one', async () => {
    const hierarchy = findCgroupHierarchy((await readMountinfo(procfs, 'self')) ?? []);
    const own = await readProcessCgroups(procfs, 'self');
    expect(hierarchy).toBeDefined();
    const controller = hierarchy!.kind === 'v2' ? undefined : 'memory';
    const { path } = own!.find(({ controllers }) => controllers[0] === controller)!;
    const directory = cgroupDirectory(hierarchy!, 'memory', path)!;
    expect(await readCgroupProcs(directory)).toContain(process.pid);
    expect(await readHugetlbSizes(directory)).toEqual(expect.any(Array));
    expect(await readCgroupValue(directory, 'no.such.file')).toBeUndefined();
    expect(await readCgroupFlatKeyed({ root: `${directory.root}/none` }, 'cpu.stat')).toBeUndefined();
  });
});
