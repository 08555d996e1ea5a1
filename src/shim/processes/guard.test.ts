import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync, writeFileSync } from 'node:fs';
import { link, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canMakeCgroup, makeOwnCgroup } from '../../../test/support/own-cgroup.ts';
import {
  type CgroupHierarchy,
  createProcfs,
  findCgroupHierarchy,
  readMountinfo,
  readProcessCgroups,
} from '../../procfs/index.ts';
import { makeShimCgroup } from '../overhead/shim-cgroup.ts';
import { type Guard, startGuard } from './guard.ts';

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

/** Uses some CPU time, in a cgroup. */
async function work(addTo: (pid: number) => void): Promise<void> {
  const child = spawn('/bin/sh', ['-c', 'read -r _; i=0; while [ $i -lt 50000 ]; do i=$((i + 1)); done'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  children.push(child);
  const ended = once(child, 'exit');
  addTo(child.pid!);
  child.stdin.end('\n');
  await ended;
}

const mayMakeCgroup = await canMakeCgroup();
const mounts = (await readMountinfo(createProcfs(), 'self')) ?? [];
const hierarchies = (mayMakeCgroup ? [findCgroupHierarchy(mounts), findV2()] : [])
  .filter((hierarchy) => hierarchy !== undefined)
  .filter(({ kind }, i, all) => all.findIndex((other) => other.kind === kind) === i)
  .map((hierarchy) => [hierarchy.kind, hierarchy] as const);

function findV2(): CgroupHierarchy | undefined {
  const root = mounts.find(({ fsType }) => fsType === 'cgroup2')?.mountPoint;
  return root === undefined ? undefined : { kind: 'v2', root };
}

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
      await work((pid) => cgroup.add(pid));
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

  // A machine with v1 has v2 beside it, without controllers: CPU time is counted there too.
  it.each(hierarchies)(
    'completes the last words with what the cgroup of the shim has counted: %s',
    async (_kind, hierarchy) => {
      const own = (await readProcessCgroups(createProcfs(), 'self')) ?? [];
      const cgroup = makeShimCgroup({ hierarchy, own, name: `guard-words-${process.pid}-${hierarchy.kind}` });
      const path = join(folder, 'words');
      const words = {
        ...{ openPath: join(folder, 'open'), path, head: '', cpuPath: '', memoryPeakPath: '', workloadCpuPath: '' },
        ...{ shimCgroup: cgroup.directory, shimCpuPath: cgroup.cpuPath, baseNs: 0 },
      };
      const guard = startGuard({ marker: folder, leftovers: [], words });
      const add = (pid: number): void => writeFileSync(join(cgroup.directory, 'cgroup.procs'), String(pid));
      add(guard.pid!);
      await work(add);
      const head = '{"a b":"  c\\\\n","values":{"hostCpuSeconds":';
      expect(await guard.leaveWords({ head, baseNs: 12_345_678_901, isAtExit: false })).toBe(true);
      expect(guard.hasWords).toBe(true);
      const text = await readFile(path, 'utf8');
      expect(text.slice(0, head.length)).toBe(head);
      const { hostCpuSeconds } = (JSON.parse(text) as { values: { hostCpuSeconds: number } }).values;
      expect(hostCpuSeconds).toBeGreaterThan(12.345_678_901);
      expect(hostCpuSeconds).toBeLessThan(13);
      expect(existsSync(cgroup.directory)).toBe(false);
      expect(await guard.leaveWords({ head, baseNs: 0, isAtExit: false })).toBe(false);
    },
  );

  it.each<[string, (path: string) => Promise<void>]>([
    ['a link', async (path) => await symlink(join(folder, 'precious'), path)],
    ['another name of a file', async (path) => await link(join(folder, 'precious'), path)],
    ['a FIFO', async (path) => void (await once(spawn('mkfifo', [path]), 'exit'))],
    ['a file', async (path) => await writeFile(path, 'half of th', { mode: 0o644 })],
  ])('writes last words into a new file: %s in its place is removed', async (_what, make) => {
    const [path, openPath] = [join(folder, 'words'), join(folder, 'open')];
    await writeFile(join(folder, 'precious'), 'precious');
    await writeFile(openPath, '');
    const words = {
      ...{ openPath, path, head: '{"startedMs":1', cpuPath: '', memoryPeakPath: '', workloadCpuPath: '' },
      ...{ shimCgroup: '', shimCpuPath: '', baseNs: 0 },
    };
    for (const end of [
      async (guard: Guard) => await guard.end(),
      async (guard: Guard) =>
        void (await guard.leaveWords({ head: '{"values":{"hostCpuSeconds":', baseNs: 7, isAtExit: false })),
    ]) {
      await make(`${path}.new`);
      await end(startGuard({ marker: folder, leftovers: [], words }));
      expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ values: {} });
      expect((await lstat(path)).mode).toBe(constants.S_IFREG + 0o600);
      await rm(path);
    }
    expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('precious');
  });
});
