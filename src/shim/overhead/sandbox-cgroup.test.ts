import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileTree } from '../../../test/support/file-tree.ts';
import { canMakeCgroup } from '../../../test/support/own-cgroup.ts';
import { type CgroupHierarchy, createProcfs, readProcessCgroups } from '../../procfs/index.ts';
import { addTo, prepareCgroup } from './prepare-cgroup.ts';
import { makeSandboxCgroup, type SandboxCgroup } from './sandbox-cgroup.ts';
import { readSandboxUse } from './sandbox-use.ts';

const procfs = createProcfs();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
});

afterEach(() => rm(folder, { recursive: true }));

const V2_OWN = [{ controllers: [], path: '/system.slice' }];
const V1_OWN = [
  { controllers: ['memory'], path: '/' },
  { controllers: ['cpu', 'cpuacct'], path: '/a' },
  { controllers: [], path: '/systemd' },
];

/** The tree of a hierarchy in which the shim is; directories of sandboxes in it have no files of their own. */
function makeV2(): CgroupHierarchy {
  mkdirSync(join(folder, 'system.slice'));
  return { kind: 'v2', root: folder };
}

function makeV1(): CgroupHierarchy {
  mkdirSync(join(folder, 'memory'));
  mkdirSync(join(folder, 'cpu/a'), { recursive: true });
  return {
    kind: 'v1',
    roots: new Map([
      ['memory', join(folder, 'memory')],
      ['cpu', join(folder, 'cpu')],
      ['cpuacct', join(folder, 'cpu')],
    ]),
  };
}

describe('a cgroup of v2', () => {
  const make = (): SandboxCgroup =>
    makeSandboxCgroup({ hierarchy: makeV2(), own: V2_OWN, sandboxId: 'x', directoryPath: '/run/x' });

  it('is below that of the shim', () => {
    expect(make().directories).toEqual([join(folder, 'system.slice/kata-x-d77c1e10')]);
    expect(existsSync(join(folder, 'system.slice/kata-x-d77c1e10'))).toBe(true);
  });

  it.each([
    ['both values', { 'cpu.stat': 'usage_usec 1500\n', 'memory.current': '4096\n' }, 4096, [['cgroup', 1.5]]],
    ['no memory where that controller is off', { 'cpu.stat': 'usage_usec 1500\n' }, undefined, [['cgroup', 1.5]]],
    ['memory alone', { 'memory.current': '4096\n' }, 4096, undefined],
    ['nothing where it is gone', {}, undefined, undefined],
  ])('gives %s', async (_, files, memoryBytes, cpu) => {
    const cgroup = make();
    writeFileTree(cgroup.directories[0]!, files);
    expect(await cgroup.readUse()).toEqual({ memoryBytes, cpuMs: cpu && new Map(cpu as [string, number][]) });
  });

  it('is taken over from a shim that was killed', () => {
    const { directories } = make();
    const own = {
      hierarchy: { kind: 'v2', root: folder } as const,
      own: V2_OWN,
      sandboxId: 'x',
      directoryPath: '/run/x',
    };
    expect(makeSandboxCgroup(own).directories).toEqual(directories);
  });

  it('is not that of a sandbox of the same id below another root', () => {
    const { directories } = make();
    const other = {
      hierarchy: { kind: 'v2', root: folder } as const,
      own: V2_OWN,
      sandboxId: 'x',
      directoryPath: '/run/y',
    };
    expect(makeSandboxCgroup(other).directories).not.toEqual(directories);
  });

  it('is removed, and may be gone already', async () => {
    const cgroup = make();
    await cgroup.remove();
    await cgroup.remove();
    expect(readdirSync(join(folder, 'system.slice'))).toEqual([]);
  });

  it('that may not be made leaves an error of the system', () => {
    const hierarchy: CgroupHierarchy = { kind: 'v2', root: join(folder, 'none') };
    expect(() => makeSandboxCgroup({ hierarchy, own: V2_OWN, sandboxId: 'x', directoryPath: '/run/x' })).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });

  it('is made below the cgroup of a pod with what is missing of that, which goes with it', async () => {
    const hierarchy = makeV2();
    const cgroup = makeSandboxCgroup({
      hierarchy,
      own: V2_OWN,
      parentPath: '/kubepods/pod1',
      sandboxId: 'x',
      directoryPath: '/run/x',
    });
    expect(cgroup.directories).toEqual([join(folder, 'kubepods/pod1/kata-x-d77c1e10')]);
    await cgroup.remove();
    expect(existsSync(join(folder, 'kubepods'))).toBe(false);
  });

  it('needs to know where the shim is', () => {
    expect(() => makeSandboxCgroup({ hierarchy: makeV2(), own: [], sandboxId: 'x', directoryPath: '/run/x' })).toThrow(
      'Cannot determine the cgroup of this process',
    );
  });
});

describe('a cgroup of v1', () => {
  const make = (): SandboxCgroup =>
    makeSandboxCgroup({ hierarchy: makeV1(), own: V1_OWN, sandboxId: 'x', directoryPath: '/run/x' });

  it('is one in each hierarchy', () => {
    expect(make().directories).toEqual([join(folder, 'cpu/a/kata-x-d77c1e10'), join(folder, 'memory/kata-x-d77c1e10')]);
  });

  it('returns both values', async () => {
    const cgroup = make();
    writeFileTree(folder, {
      'cpu/a/kata-x-d77c1e10/cpuacct.usage': '9223372036854775807\n',
      'memory/kata-x-d77c1e10/memory.usage_in_bytes': '4096\n',
    });
    const cpuMs = new Map([['cgroup', Number(2n ** 63n - 1n) / 1e6]]);
    expect(await cgroup.readUse()).toEqual({ memoryBytes: 4096, cpuMs });
  });

  it('leaves out what has wrapped below zero, and nothing else', async () => {
    const cgroup = make();
    writeFileTree(folder, {
      'cpu/a/kata-x-d77c1e10/cpuacct.usage': '3000000\n',
      'memory/kata-x-d77c1e10/memory.usage_in_bytes': '18446744073709547520\n',
    });
    expect(await cgroup.readUse()).toEqual({ memoryBytes: undefined, cpuMs: new Map([['cgroup', 3]]) });
  });

  it('is not left in one hierarchy when the other refuses', () => {
    const hierarchy = makeV1();
    rmdirSync(join(folder, 'memory'));
    expect(() => makeSandboxCgroup({ hierarchy, own: V1_OWN, sandboxId: 'x', directoryPath: '/run/x' })).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
    expect(readdirSync(join(folder, 'cpu/a'))).toEqual([]);
  });
});

describe('readSandboxUse', () => {
  const TICKS = '0 '.repeat(13);
  const stat = (pid: number, utime: number, start: number) =>
    `${pid} (x) S 1 1 1 0 -1 0 0 0 0 0 ${utime} 0 0 0 20 0 1 0 ${start} 0 0 ${TICKS}\n`;

  async function measure(files: Readonly<Record<string, string>>) {
    const cgroup = makeSandboxCgroup({ hierarchy: makeV2(), own: V2_OWN, sandboxId: 'x', directoryPath: '/run/x' });
    writeFileTree(cgroup.directories[0]!, { 'cgroup.procs': '10\n', ...files });
    writeFileTree(join(folder, 'proc'), {
      '10/stat': stat(10, 100, 7),
      '10/status': 'RssAnon:\t  900 kB\nRssShmem:\t 100 kB\n',
      '11/stat': stat(11, 5, 8),
      '11/status': 'RssAnon:\t  8 kB\nRssShmem:\t 0 kB\nVmPTE:\t 2 kB\n',
    });
    const processes = [{ pid: 10 }, { pid: 11, startTimeTicks: '8' }];
    return readSandboxUse({ procfs: createProcfs(join(folder, 'proc')), processes, cgroup });
  }

  it('counts each process once: in the cgroup, or by itself', async () => {
    expect(await measure({ 'cpu.stat': 'usage_usec 2000000\n', 'memory.current': '5000\n' })).toEqual({
      memoryBytes: 5000 + 10 * 1024,
      cpuMs: new Map([
        ['cgroup', 2000],
        ['process 11 since 8', 50],
      ]),
    });
  });

  it('takes what the cgroup does not have from processes', async () => {
    expect(await measure({ 'cpu.stat': 'usage_usec 2000000\n' })).toEqual({
      memoryBytes: 1010 * 1024,
      cpuMs: new Map([
        ['cgroup', 2000],
        ['process 11 since 8', 50],
      ]),
    });
    await rm(join(folder, 'system.slice'), { recursive: true });
    expect((await measure({ 'memory.current': '5000\n' })).cpuMs).toEqual(
      new Map([
        ['process 10 since 7', 1000],
        ['process 11 since 8', 50],
      ]),
    );
  });
});

describe.skipIf(!(await canMakeCgroup()))("a real cgroup of this machine's kernel", () => {
  it.each(['by itself', 'when it is removed'])('takes this process too, which leaves it %s', async (when) => {
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    const own = await readProcessCgroups(procfs, 'self');
    const options = { procfs, sandboxId: `own-${process.pid}`, directoryPath: '/run/x', log };
    const cgroup = (await prepareCgroup({ plan: { kind: 'make' }, ...options }))!;
    cgroup.enter();
    expect(await cgroup.readPids()).toEqual(new Set([process.pid]));
    if (when === 'by itself') {
      cgroup.leave();
      expect(await cgroup.readPids()).toEqual(new Set());
    }
    await cgroup.remove();
    expect(cgroup.directories.filter((directory) => existsSync(directory))).toEqual([]);
    expect(await readProcessCgroups(procfs, 'self')).toEqual(own);
  });

  it('counts its processes and what they start, and goes when they have gone', async () => {
    const logged: string[] = [];
    const log = (message: string) => logged.push(message);
    const all = { debug: log, info: log, warn: log, error: log };
    const cgroup = (await prepareCgroup({
      plan: { kind: 'make' },
      procfs,
      sandboxId: `real-${process.pid}`,
      directoryPath: '/run/x',
      log: all,
    }))!;
    const add = addTo(cgroup, all);
    const script = 'read _; (i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done); echo; read _';
    const child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    add(child.pid!);
    expect(await cgroup.readPids()).toEqual(new Set([child.pid]));
    const before = await cgroup.readUse();
    child.stdin.write('go\n');
    await once(child.stdout, 'data');
    const after = await cgroup.readUse();
    expect(after.cpuMs!.get('cgroup')! - before.cpuMs!.get('cgroup')!).toBeGreaterThan(1);
    child.stdin.end();
    await once(child, 'exit');
    await cgroup.remove();
    expect(cgroup.directories.filter((directory) => existsSync(directory))).toEqual([]);
    add(child.pid!);
    expect(logged).toEqual([expect.stringMatching(/^Cannot move process \d+ into the sandbox's cgroup: /)]);
  });
});

describe('prepareCgroup', () => {
  it.each([
    ['where no cgroups are mounted', '', 'No cgroups are mounted here: overhead is measured by processes'],
    [
      'where it may make none',
      '30 1 0:1 / /proc/none rw - cgroup2 cgroup2 rw\n',
      /^The sandbox has no cgroup, overhead is measured by processes: ENOENT/,
    ],
    ['where mounts cannot be read', 'what is this\n', 'No cgroups are mounted here: overhead is measured by processes'],
  ])('does without %s, and says so', async (_, mountinfo, message) => {
    const logged: string[] = [];
    const log = (text: string) => logged.push(text);
    writeFileTree(folder, { 'self/mountinfo': mountinfo, 'self/cgroup': '0::/\n' });
    const options = {
      plan: { kind: 'make' } as const,
      procfs: createProcfs(folder),
      sandboxId: 'x',
      directoryPath: '/run/x',
      log: { debug: log, info: log, warn: log, error: log },
    };
    expect(await prepareCgroup(options)).toBeUndefined();
    expect(logged).toEqual([expect.stringMatching(message)]);
  });

  it('looks at a cgroup that is given, and neither fills nor removes it', async () => {
    const log = (): void => undefined;
    writeFileTree(folder, {
      'proc/self/mountinfo': `30 1 0:1 / ${folder} rw - cgroup2 cgroup2 rw\n`,
      'proc/self/cgroup': '0::/\n',
      'vm/cgroup.procs': '7\n',
      'vm/memory.current': '4096\n',
    });
    const give = (path: string) =>
      prepareCgroup({
        plan: { kind: 'given', path },
        procfs: createProcfs(join(folder, 'proc')),
        sandboxId: 'x',
        directoryPath: '/run/x',
        log: { debug: log, info: log, warn: log, error: log },
      });
    const cgroup = (await give('/vm'))!;
    expect(await cgroup.readUse()).toMatchObject({ memoryBytes: 4096 });
    expect(await cgroup.readPids()).toEqual(new Set([7]));
    cgroup.add(8);
    await cgroup.remove();
    expect(await cgroup.readPids()).toEqual(new Set([7]));
    expect(cgroup.directories).toEqual([]);
    expect(await give('/none')).toBeUndefined();
  });
});
