import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { SpecSchema } from '../runtime-proto/index.ts';
import { describeBundle } from './bundle.ts';

describe('describeBundle', () => {
  it.each([
    [{}, 'single'],
    [{ 'io.kubernetes.cri.container-type': 'sandbox' }, 'pod'],
    [{ 'io.kubernetes.cri.container-type': 'container' }, 'container'],
    [{ 'io.kubernetes.cri.container-type': 'other' }, 'single'],
  ])('with annotations %j is of a %s', (annotations, kind) => {
    expect(describeBundle(create(SpecSchema, { annotations })).kind).toBe(kind);
  });

  it.each([
    ['/kubepods/pod1/abc', '/kubepods/pod1'],
    ['/default/abc', '/default'],
    ['/abc', undefined],
    ['abc', undefined],
    ['', undefined],
    ['system.slice:cri-containerd:abc', '/system.slice'],
    [
      'kubepods-burstable-pod1_2.slice:cri-containerd:abc',
      '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice',
    ],
    ['-.slice:cri-containerd:abc', undefined],
    ['a--b.slice:cri-containerd:abc', undefined],
    ['-a.slice:cri-containerd:abc', undefined],
    ['.slice:cri-containerd:abc', undefined],
    ['a/b.slice:cri-containerd:abc', undefined],
    ['a.scope:cri-containerd:abc', undefined],
    [':cri-containerd:abc', undefined],
  ])('with cgroup "%s" has the parent %s', (cgroupsPath, parent) => {
    expect(describeBundle(create(SpecSchema, { linux: { cgroupsPath } })).cgroupParent).toBe(parent);
  });

  it.each([
    [[{ type: 'network', path: '/run/netns/x' }], '/run/netns/x'],
    [[{ type: 'network' }], undefined],
    [[{ type: 'pid', path: '/proc/1/ns/pid' }], undefined],
  ])('with namespaces %j has the network %s', (namespaces, path) => {
    expect(describeBundle(create(SpecSchema, { linux: { namespaces } })).networkNamespacePath).toBe(path);
  });
});
