import { mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shownInterfacesOf } from './shown-interfaces.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
  mkdirSync(join(folder, 'sys/class/net/eth0/device'), { recursive: true });
  mkdirSync(join(folder, 'sys/class/net/veth1'), { recursive: true });
});

afterEach(() => rm(folder, { recursive: true }));

function setNamespaces(namespaces: Readonly<Record<string, number>>): void {
  for (const [pid, namespace] of Object.entries(namespaces)) {
    mkdirSync(join(folder, 'proc', pid, 'ns'), { recursive: true });
    symlinkSync(`net:[${namespace}]`, join(folder, 'proc', pid, 'ns/net'));
  }
}

describe('shownInterfacesOf', () => {
  const all = ['lo', 'eth0', 'veth1'];
  const physical = ['lo', 'eth0'];

  it.each<[string, Readonly<Record<string, number>>, readonly string[]]>([
    ['its own namespace', { 1: 7, self: 7, 20: 8 }, all],
    ['its own namespace, and the shim is in it too', { 1: 7, self: 8, 20: 8 }, all],
    ['the namespace of the host', { 1: 7, self: 7, 20: 7 }, physical],
    ['its own namespace, where process 1 may not be looked at', { self: 7, 20: 8 }, all],
    ['the namespace of the shim, where process 1 may not be looked at', { self: 7, 20: 7 }, physical],
    ['a namespace that is not known', { 1: 7, self: 7 }, physical],
    ['a system without namespaces', {}, physical],
  ])('%s', (_, namespaces, shown) => {
    setNamespaces(namespaces);
    const isShown = shownInterfacesOf(20, { proc: join(folder, 'proc'), sys: join(folder, 'sys') });
    expect(all.filter(isShown)).toEqual(shown);
  });

  it('remembers the devices of interfaces for a minute', () => {
    setNamespaces({ 1: 7, 20: 7 });
    vi.useFakeTimers();
    try {
      const shown = () => all.filter(shownInterfacesOf(20, { proc: join(folder, 'proc'), sys: join(folder, 'sys') }));
      expect(shown()).toEqual(physical);
      mkdirSync(join(folder, 'sys/class/net/veth1/device'));
      expect(shown()).toEqual(physical);
      vi.advanceTimersByTime(60_001);
      expect(shown()).toEqual(all);
    } finally {
      vi.useRealTimers();
    }
  });
});
