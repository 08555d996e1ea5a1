import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canMakeCgroup, makeOwnCgroup } from '../../../test/support/own-cgroup.ts';
import { startGuard } from './guard.ts';

let folder: string;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
  children = [];
});

afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
  await rm(folder, { recursive: true, force: true });
});

async function start(script: string, ...args: string[]): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}

const mayMakeCgroup = await canMakeCgroup();

describe('a guard', () => {
  it('ends what it watches, and removes what is left', async () => {
    const guard = startGuard({
      marker: folder,
      leftovers: [join(folder, 'file'), join(folder, 'tree'), join(folder, 'none')],
    });
    await writeFile(join(folder, 'file'), '');
    await mkdir(join(folder, 'tree/deep'), { recursive: true });
    await writeFile(join(folder, 'tree/deep/file'), '');
    const child = await start('echo; read _ <&1', folder);
    const ended = once(child, 'exit');
    guard.watch(child.pid!);
    await guard.end();
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(existsSync(join(folder, 'file')) || existsSync(join(folder, 'tree'))).toBe(false);
  });

  it('leaves alone who has the number of one that it watched', async () => {
    const guard = startGuard({ marker: folder, leftovers: [] });
    const child = await start('echo; read _ <&1', 'another');
    guard.watch(child.pid!);
    await guard.end();
    expect(child.exitCode ?? child.signalCode).toBeNull();
  });

  it.skipIf(!mayMakeCgroup)('waits until a cgroup is empty', async () => {
    const cgroup = (await makeOwnCgroup('guard'))!;
    const child = await start('echo; sleep 0.3');
    cgroup.add(child.pid!);
    const guard = startGuard({ marker: folder, leftovers: cgroup.directories });
    await guard.end();
    expect(cgroup.directories.filter((directory) => existsSync(directory))).toEqual([]);
  });

  it.skipIf(!mayMakeCgroup)('leaves what a cgroup has counted, unless the caller does', async () => {
    const openPath = join(folder, 'open');
    await writeFile(openPath, '');
    for (const keepsCgroups of [true, false]) {
      const cgroup = (await makeOwnCgroup('guard-words'))!;
      const path = join(folder, `words-${keepsCgroups}`);
      const words = {
        openPath,
        path,
        head: '{"startedMs":1',
        cpuPath: cgroup.files.cpu ?? '',
        memoryPeakPath: cgroup.files.memoryPeak ?? '',
        workloadCpuPath: '',
        shimCgroup: '',
        shimCpuPath: '',
        baseNs: 0,
      };
      const child = spawn('/bin/sh', ['-c', 'read -r _; i=0; while [ $i -lt 50000 ]; do i=$((i + 1)); done'], {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      children.push(child);
      const ended = once(child, 'exit');
      cgroup.add(child.pid!);
      child.stdin!.end('\n');
      await ended;
      const guard = startGuard({ marker: folder, leftovers: cgroup.directories, words });
      await guard.end({ keepsCgroups });
      expect(existsSync(path)).toBe(!keepsCgroups);
      if (!keepsCgroups) {
        const { endedMs, values } = JSON.parse(await readFile(path, 'utf8')) as {
          endedMs: number;
          values: Record<string, number>;
        };
        expect(Math.abs(endedMs - Date.now())).toBeLessThan(60_000);
        expect(values['hostCpuSeconds']).toBeGreaterThan(0);
        expect(values['hostCpuSeconds']).toBeLessThan(60);
      }
      await cgroup.remove();
    }
  });
});
