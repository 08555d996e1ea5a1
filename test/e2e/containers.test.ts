/**
 * GET /containers of a real kata-shim: what a real kata-agent reports about the containers of the shim's options, and what
 * becomes of it when the agent hangs or is not there.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProcfs, findCgroupHierarchy, readMountinfo, readProcessCgroups } from '../../src/procfs/index.ts';
import { getOverUnix } from '../support/get-over-unix.ts';
import { type RunningProgram, runProgram } from '../support/run-program.ts';

let root: string;
let programs: RunningProgram[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kc-'));
  programs = [];
});

afterEach(async () => {
  await Promise.all(programs.map((program) => program.stop()));
  await rm(root, { recursive: true, force: true });
});

async function run(name: string, ready: string, ...args: string[]): Promise<RunningProgram> {
  const program = runProgram(name, args);
  programs.push(program);
  await program.waitForLine((line) => (line.includes(ready) ? true : undefined));
  return program;
}

const agentSocket = (): string => join(root, 'agent.sock');

function attach(...more: string[]): Promise<RunningProgram> {
  const agent = ['--agent', `unix://${agentSocket()}`, '--hypervisor-pid', String(process.pid)];
  return run('kata-shim', 'Serving on', 'attach', '--sandbox-id=one', '--root', root, ...agent, ...more);
}

const get = (path: string): Promise<string> => getOverUnix(join(root, 'one/shim-monitor.sock'), path);

async function getContainers(): Promise<Record<string, { stats?: unknown; error?: { reason: string } }>> {
  const { containers } = JSON.parse(await get('/containers')) as {
    containers: { id: string; stats?: unknown; error?: { reason: string } }[];
  };
  return Object.fromEntries(containers.map(({ id, ...rest }) => [id, rest]));
}

/** The cgroup in which this test runs: a container as good as any. */
async function ownCgroupPath(): Promise<string> {
  const procfs = createProcfs();
  const hierarchy = findCgroupHierarchy((await readMountinfo(procfs, 'self')) ?? []);
  const own = (await readProcessCgroups(procfs, 'self')) ?? [];
  const isOfMemory = ({ controllers }: (typeof own)[number]): boolean =>
    hierarchy?.kind === 'v1' ? controllers.includes('memory') : controllers.length === 0;
  return own.find(isOfMemory)!.path;
}

describe('GET /containers', () => {
  it('has what the agent says, or why it does not', async () => {
    const path = await ownCgroupPath();
    await run('kata-agent', 'Listening on', '--listen', `unix://${agentSocket()}`, '--container', `web=${path}`);
    await attach('--container=web', '--container=absent', '--container=web');
    const containers = await getContainers();
    expect(Object.keys(containers)).toEqual(['web', 'absent']);
    expect(containers['web']).toMatchObject({ stats: { cgroupStats: { memoryStats: expect.any(Object) } } });
    expect(containers['absent']).toMatchObject({ error: { reason: 'not_found' } });
  });

  it('is a list of nothing where no container is known', async () => {
    await attach();
    expect(await get('/containers')).toBe('{"containers":[]}\n');
  });

  it('responds within its time when the agent hangs, and when there is none', async () => {
    const agent = await run('kata-agent', 'Listening on', '--listen', `unix://${agentSocket()}`);
    await attach('--container=web', '--agent-timeout=1s');
    agent.child.kill('SIGSTOP');
    expect(await getContainers()).toMatchObject({ web: { error: { reason: 'deadline' } } });
    agent.child.kill('SIGKILL');
    await agent.ended;
    await rm(agentSocket(), { force: true });
    expect(await getContainers()).toMatchObject({
      web: { error: { reason: expect.stringMatching(/^connect$|^disconnected$/) } },
    });
  });

  it('is not for more containers than a pod has', async () => {
    const many = Array.from({ length: 65 }, (_, i) => `--container=c${i}`);
    const program = runProgram('kata-shim', [
      'attach',
      '--sandbox-id=one',
      `--root=${root}`,
      '--agent=unix:///a',
      '--hypervisor-pid=1',
      ...many,
    ]);
    programs.push(program);
    expect(await program.ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Option "--container" can be given at most 64 times, got 65'),
    });
  });
});
