/**
 * kata-metrics beside a container manager: sandboxes by their pods' names, and what containers use.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CriServer } from '../support/cri-server.ts';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { waitUntil } from '../support/processes.ts';
import { type ProgramEnd, runProgram } from '../support/run-program.ts';

const ids = { web: 'a'.repeat(64), other: 'b'.repeat(64), runc: 'c'.repeat(64) };
const stats = (id: string, cpuNs: bigint) => ({
  attributes: { id },
  cpu: { timestamp: cpuNs * 2n, usageCoreNanoSeconds: { value: cpuNs } },
  memory: { timestamp: 5n, workingSetBytes: { value: 2048n } },
});

let folder: string;
let shims: FakeShim[];
let cri: CriServer;
let flags: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kc-'));
  const root = join(folder, 's');
  shims = await Promise.all(
    [ids.web, ids.other].map(async (id) => {
      await mkdir(join(root, id), { recursive: true });
      return startFakeShim(join(root, id, 'shim-monitor.sock'), answerWithLength(`kata_guest_load{item="load1"} 1\n`));
    }),
  );
  cri = await CriServer.start(join(folder, 'cri.sock'), {
    state: {
      pods: [
        { id: ids.web, metadata: { name: 'web-0', namespace: 'shop', uid: 'u-1' } },
        { id: ids.other, metadata: { name: 'web-1', namespace: 'shop', uid: 'u-2' } },
        { id: ids.runc, metadata: { name: 'plain-0', namespace: 'shop', uid: 'u-3' } },
      ],
      containers: [
        { id: 'c1', podSandboxId: ids.web, metadata: { name: 'nginx' }, image: { image: 'nginx:1' }, state: 1 },
        { id: 'c2', podSandboxId: ids.web, metadata: { name: 'ended' }, state: 2 },
        { id: 'c3', podSandboxId: ids.runc, metadata: { name: 'plain' }, state: 1 },
      ],
      stats: [stats('c1', 1_000_000_000n), stats('c2', 1n), stats('c3', 1n)],
    },
  });
  flags = [`--sandboxes-root=${root}`, `--runtime-endpoint=unix://${cri.socketPath}`];
});

afterAll(async () => {
  await cri.stop();
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

function run(...args: string[]): Promise<ProgramEnd> {
  return runProgram('kata-metrics', [...args, ...flags]).ended;
}

describe('ls', () => {
  it('has the pods of the sandboxes', async () => {
    const { stdout } = await run('ls');
    expect(stdout).toMatch(/^SANDBOX +STATE +AGE +NAMESPACE +POD +ROOT\n/);
    expect(stdout).toMatch(new RegExp(`^${ids.web} +running +\\S+ +shop +web-0 +/`, 'm'));
    expect(stdout).not.toContain('plain-0');
  });

  it('has only those whose name begins so', async () => {
    const { stdout } = await run('ls', 'shop/web-1', '-o', 'json');
    const pod = { namespace: 'shop', pod: 'web-1', uid: 'u-2' };
    expect(JSON.parse(stdout)).toEqual([expect.objectContaining({ id: ids.other, ...pod })]);
  });
});

describe('get', () => {
  it('finds a sandbox by its pod', async () => {
    expect((await run('get', 'shop/web-0')).stdout).toBe('kata_guest_load{item="load1"} 1\n');
  });

  it('lists the candidates when there are several', async () => {
    const { code, stderr } = await run('get', 'shop/');
    expect(code).toBe(1);
    expect(stderr).toContain(`2 sandboxes begin with "shop/":\n  ${ids.web} shop/web-0\n  ${ids.other} shop/web-1\n`);
  });

  it('knows no pods of other runtimes', async () => {
    expect((await run('get', 'shop/plain-0')).stderr).toContain(
      'No sandbox "shop/plain-0": it is not one of the 2 on this node',
    );
  });

  it('reports that no container manager has names', async () => {
    const [root = ''] = flags;
    const { code, stderr } = await runProgram('kata-metrics', [
      'get',
      'shop/web-0',
      root,
      '--runtime-endpoint=/nowhere',
    ]).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/No sandbox "shop\/web-0": .*; container manager gives no names: .*\/nowhere/);
  });
});

describe('stats', () => {
  it('is a table of the running containers of Kata sandboxes', async () => {
    const { code, stdout } = await run('stats');
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(1, -1)).toEqual([
      expect.stringMatching(/^shop +web-0 +nginx +1\.00s +2\.0 KiB +- +- +- +-$/),
    ]);
  });

  it('is CSV and JSON', async () => {
    const { stdout: csv } = await run('stats', 'shop/web-0', '-o', 'csv');
    expect(csv.split('\n')[1]).toBe('shop,web-0,nginx,c1,1,,2048,,,,,,,');
    const { stdout: json } = await run('stats', ids.web.slice(0, 5), '-o', 'json');
    expect(JSON.parse(json)).toEqual([expect.objectContaining({ pod: 'web-0', cpuSeconds: 1, rssBytes: null })]);
  });

  it('knows no other pods', async () => {
    expect(await run('stats', 'shop/plain')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No pod "shop/plain"'),
    });
  });

  it('goes on with --watch, with the CPU used in between, until it is ended', async () => {
    const before = cri.state.stats;
    // At each call, half of the time that has passed by the container manager's own clock.
    let calls = 0n;
    Object.defineProperty(cri.state, 'stats', {
      configurable: true,
      get: () => [stats('c1', ++calls * 1_000_000_000n)],
    });
    const program = runProgram('kata-metrics', ['stats', '--watch', '--interval=100ms', '-o', 'json', ...flags]);
    let output = '';
    program.child.stdout!.on('data', (piece: string) => {
      output += piece;
    });
    await waitUntil(() => output.split('\n').length > 3);
    const { code } = await program.stop();
    Object.defineProperty(cri.state, 'stats', { configurable: true, writable: true, value: before });
    expect(code).toBe(0);
    const lines = output.split('\n');
    expect(JSON.parse(lines[0]!)).toEqual([expect.objectContaining({ cpuPercent: null })]);
    expect(JSON.parse(lines[1]!)).toEqual([expect.objectContaining({ cpuPercent: 50 })]);
  });

  it('says when there is no container manager', async () => {
    const { code, stderr } = await runProgram('kata-metrics', ['stats', '--runtime-endpoint=/nowhere']).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^kata-metrics: Cannot read the containers of this node: .*\/nowhere/);
  });
});
