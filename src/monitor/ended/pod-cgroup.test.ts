import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeFileTree } from '../../../test/support/file-tree.ts';
import type { CgroupHierarchy } from '../../procfs/index.ts';
import { PodCgroupReader, podCgroupPaths } from './pod-cgroup.ts';

const UID = '0d2c1f5e-2f0a-4c59-9f6e-6f1f5b1f0c11';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pod-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function make(path: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(root, path), { recursive: true });
  writeFileTree(join(root, path), files);
}

const reader = (hierarchy: CgroupHierarchy | undefined): PodCgroupReader =>
  new PodCgroupReader(() => Promise.resolve(hierarchy));
const v2 = (): CgroupHierarchy => ({ kind: 'v2', root });
const v1 = (): CgroupHierarchy => ({
  kind: 'v1',
  roots: new Map(['cpuacct', 'memory'].map((name) => [name, join(root, name)])),
});

it('is where the kubelet makes it, for each QoS class and driver', () => {
  expect(podCgroupPaths('a-b')).toEqual([
    '/kubepods/burstable/poda-b',
    '/kubepods/besteffort/poda-b',
    '/kubepods/poda-b',
    '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda_b.slice',
    '/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-poda_b.slice',
    '/kubepods.slice/kubepods-poda_b.slice',
  ]);
});

it.each(podCgroupPaths(UID))('is read in %s', async (path) => {
  make(path, { 'cpu.stat': 'usage_usec 1500000\nuser_usec 1\n', 'memory.peak': '4096\n' });
  expect(await reader(v2()).read(UID)).toEqual({ hostCpuSeconds: 1.5, hostMemoryPeakBytes: 4096 });
  make(join('cpuacct', path), { 'cpuacct.usage': '2500000000\n' });
  make(join('memory', path), { 'memory.max_usage_in_bytes': '8192\n' });
  expect(await reader(v1()).read(UID)).toEqual({ hostCpuSeconds: 2.5, hostMemoryPeakBytes: 8192 });
});

it.each<[string, string, Readonly<Record<string, string>>, object]>([
  ['no peak before Linux 5.19', UID, { 'cpu.stat': 'usage_usec 10\n' }, { hostCpuSeconds: 0.00001 }],
  ['nothing of no number', UID, { 'cpu.stat': 'usage_usec x\n', 'memory.peak': 'max\n' }, {}],
  ['nothing of a path', '../burstable/pod0', { 'cpu.stat': 'usage_usec 10\n' }, {}],
  ['nothing without a UID', '', { 'cpu.stat': 'usage_usec 10\n' }, {}],
])('has %s', async (_what, uid, files, values) => {
  make(`/kubepods/pod${UID}`, files);
  expect(await reader(v2()).read(uid)).toEqual(values);
});

it('is nothing where there are no cgroups, or none of the pod', async () => {
  expect(await reader(undefined).read(UID)).toEqual({});
  expect(await reader(v2()).read(UID)).toEqual({});
  expect(await new PodCgroupReader(() => Promise.reject(new Error('EACCES'))).read(UID)).toEqual({});
});
