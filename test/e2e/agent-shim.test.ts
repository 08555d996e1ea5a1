/**
 * kata-shim and kata-agent as programs on real processes: what their sandbox says, and that nothing of it is left.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { catalog, type FamilyDefinition } from '../../src/catalog/index.ts';
import { readSampleLine, scan } from '../../src/exposition/index.ts';
import { getFromShim, type ShimOk } from '../../src/shim-client/index.ts';
import { listChildren, waitForEmptyGroup, waitUntil } from '../support/processes.ts';
import { type RunningProgram, runProgram } from '../support/run-program.ts';

let root: string;
let programs: RunningProgram[];
let children: ChildProcess[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kata-'));
  programs = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
  await Promise.all(programs.map((program) => program.stop()));
  await rm(root, { recursive: true, force: true });
});

function run(name: string, ...args: string[]): RunningProgram {
  const program = runProgram(name, args);
  programs.push(program);
  return program;
}

function runSandbox(id: string, ...more: string[]): RunningProgram {
  return run('kata-shim', 'run', '--sandbox-id', id, '--hypervisor=process', '--root', root, ...more);
}

const isServing = (line: string): true | undefined => (line.includes('"Serving on') ? true : undefined);
const isListening = (line: string): true | undefined => (line.includes('"Listening on') ? true : undefined);

const socketOf = (id: string): string => join(root, id, 'shim-monitor.sock');

async function get(id: string, path: '/metrics' | '/agent-url' | '/debug/vars' = '/metrics'): Promise<ShimOk> {
  const response = await getFromShim({ socketPath: socketOf(id), path, timeoutMs: 10_000, maxBytes: 10_000_000 });
  expect(response).toMatchObject({ kind: 'ok', status: 200 });
  return response as ShimOk;
}

/** Value of the first sample that begins with `series`. */
function findValue(body: Buffer, series: string): string | undefined {
  return `\n${body}`.split(`\n${series} `)[1]?.split('\n', 1)[0];
}

async function waitForAgent(id: string, up: '0' | '1'): Promise<Buffer> {
  let body: Buffer = Buffer.alloc(0);
  await waitUntil(async () => {
    body = (await get(id)).body;
    return findValue(body, 'kata_shim_agent_up') === up;
  });
  return body;
}

/** The workload and the agent: each is the first of its group, so its pid is the group's. */
function groupsOf(program: RunningProgram): number[] {
  return listChildren(program.child.pid ?? 0).map(({ pid }) => pid);
}

const WIRE_NAMES = new Map(Object.keys(catalog).map((name) => [name.replace(/^kata_shim_(?=process_|go_)/, ''), name]));

/** Families that every sandbox of this kind has samples of, by the wire's names. */
function isExpected(name: string, { component, isContract }: FamilyDefinition): boolean {
  const isOfSandbox = ['agent', 'guest', 'hypervisor', 'shim'].includes(component);
  // There are no calls of the shim and no virtiofsd; the CPU's share needs two requests.
  const isEmpty = /^kata_shim_(rpc_durations|pod_overhead_cpu)/.test(name);
  return isOfSandbox && isContract && !isEmpty;
}

describe('kata-shim run', () => {
  it('responds with every family of the contract, typed and named as the catalog has them', async () => {
    const program = runSandbox('one');
    await program.waitForLine(isServing);
    const body = await waitForAgent('one', '1');
    const scanned = scan(body);
    expect(scanned.faults.described).toEqual([]);

    const families = new Map(
      scanned.form.families.map((family) => [WIRE_NAMES.get(family.name) ?? family.name, family]),
    );
    const known: Readonly<Record<string, FamilyDefinition>> = catalog;
    expect([...families.keys()].filter((name) => known[name] === undefined)).toEqual([]);
    const wrong = [...families].filter(([name, { type, help }]) => {
      return type !== known[name]?.type || help?.toString() !== known[name]?.help.replaceAll('\\', '\\\\');
    });
    expect(wrong.map(([name]) => name)).toEqual([]);
    const empty = Object.entries(known).filter(([name, row]) => {
      return isExpected(name, row) && (families.get(name)?.segments.length ?? 0) === 0;
    });
    expect(empty.map(([name]) => name)).toEqual([]);

    for (const [name, { segments }] of families) {
      const labels = Object.keys(known[name]?.labels ?? {});
      for (const { from, to } of segments) {
        for (let line = from; line < to; line++) {
          const own = readSampleLine(scanned, line).labels.map(([label]) => label);
          expect(own.filter((label) => label !== 'le' && label !== 'quantile')).toEqual(labels);
        }
      }
    }
  });

  it('tells of the processes that hold the sandbox', async () => {
    const program = runSandbox('one', '--workload-command', 'sleep 1000');
    await program.waitForLine(isServing);
    const body = await waitForAgent('one', '1');
    expect(groupsOf(program)).toHaveLength(2);
    expect(findValue(body, 'kata_hypervisor_threads')).toBe('1');
    expect(Number(findValue(body, 'kata_shim_threads'))).toBeGreaterThan(4);
    expect(Number(findValue(body, 'kata_shim_pod_overhead_memory_in_bytes'))).toBeGreaterThan(20e6);
    expect(body.toString()).not.toContain('sandbox_id');
    expect((await get('one', '/agent-url')).body.toString()).toBe(`unix://${root}/one/agent.sock`);
    const vars = JSON.parse((await get('one', '/debug/vars')).body.toString());
    expect(vars).toMatchObject({ cmdline: expect.arrayContaining(['run']), memstats: { Alloc: expect.any(Number) } });
    expect((await stat(socketOf('one'))).mode & 0o777).toBe(0o600);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('leaves no process, socket or directory on %s', async (signal) => {
    const program = runSandbox('one');
    await program.waitForLine(isServing);
    await waitForAgent('one', '1');
    const groups = groupsOf(program);
    program.child.kill(signal);
    expect(await program.ended).toMatchObject({ code: 0 });
    await Promise.all(groups.map(waitForEmptyGroup));
    expect(readdirSync(root)).toEqual([]);
  });

  it.each([
    ['sleep 0.2', 0, '"level":"info"', 'Workload \\"sleep 0.2\\" ended with code 0"'],
    ['false', 1, '"level":"error"', 'Workload \\"false\\" ended with code 1"'],
    ['sh -c "kill -9 $$"', 1, '"level":"error"', 'was ended by SIGKILL"'],
    [
      'nosuchcmd --x',
      1,
      '"level":"error"',
      'Workload \\"nosuchcmd --x\\" ended with code 127: there is no such command"',
    ],
    ['/etc/passwd', 1, '"level":"error"', 'ended with code 126: it cannot be executed"'],
  ])('ends with its workload, and says how: %s', async (command, code, level, reason) => {
    const program = runSandbox('one', '--workload-command', command);
    const end = await program.ended;
    const line = end.stderr.split('\n').find((each) => each.includes('Ending: '));
    expect([end.code, line]).toEqual([code, expect.stringContaining(level)]);
    expect(line).toContain(reason);
    expect(readdirSync(root)).toEqual([]);
  });

  it('leaves no process when it is killed, and the next one replaces its socket', async () => {
    const first = runSandbox('one');
    await first.waitForLine(isServing);
    await waitForAgent('one', '1');
    const groups = groupsOf(first);
    expect(groups).toHaveLength(2);
    first.child.kill('SIGKILL');
    await Promise.all(groups.map(waitForEmptyGroup));
    expect(existsSync(socketOf('one'))).toBe(true);

    const second = runSandbox('one');
    await second.waitForLine(isServing);
    await waitForAgent('one', '1');
  });

  it('goes on without its agent, starts it again and finds it by itself', async () => {
    const program = runSandbox('one');
    await program.waitForLine(isServing);
    const before = await waitForAgent('one', '1');
    const agentPid = Number(await findAgentPid(program));
    process.kill(agentPid, 'SIGKILL');
    const without = await waitForAgent('one', '0');
    expect(without.toString()).toMatch(/^kata_shim_agent_error\{reason="(connect|disconnected)"\} 1$/m);
    expect(findValue(without, 'kata_hypervisor_threads')).toBe('1');
    const after = await waitForAgent('one', '1');
    const startOf = (body: Buffer) => Number(findValue(body, 'kata_agent_process_start_time_seconds'));
    expect(startOf(after)).toBeGreaterThan(startOf(before));
  });

  it('omits the go families when an option says so', async () => {
    const program = runSandbox('one', '--no-go-compat');
    await program.waitForLine(isServing);
    const { body } = await get('one');
    expect(body.toString()).not.toMatch(/^go_/m);
    expect(body.toString()).toMatch(/^process_open_fds /m);
  });

  it('refuses the socket of a live shim, which goes on', async () => {
    const first = runSandbox('one');
    await first.waitForLine(isServing);
    const second = runSandbox('one');
    expect(await second.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('a live server has it') });
    await get('one');
  });
});

/** The agent is the child that has more than one thread. */
async function findAgentPid(program: RunningProgram): Promise<string> {
  const pids = groupsOf(program).map(String);
  const withThreads = pids.filter((pid) => readdirSync(`/proc/${pid}/task`).length > 1);
  expect(withThreads).toHaveLength(1);
  return withThreads[0] ?? '';
}

describe('kata-shim attach', () => {
  it('tells of processes and an agent that others have started, and lets them be', async () => {
    const agentAddress = `unix://${root}/agent.sock`;
    const agent = run('kata-agent', '--listen', agentAddress);
    await agent.waitForLine(isListening);
    const [hypervisor, virtiofsd] = [spawn('sleep', ['1000']), spawn('sleep', ['1000'])];
    children.push(hypervisor, virtiofsd);
    const program = run(
      'kata-shim',
      'attach',
      `--sandbox-id=one`,
      `-agent=${agentAddress}`,
      `--hypervisor-pid=${hypervisor.pid}`,
      `--virtiofsd-pid=${virtiofsd.pid}`,
      `--root=${root}`,
    );
    await program.waitForLine(isServing);
    const body = await waitForAgent('one', '1');
    expect(findValue(body, 'kata_hypervisor_threads')).toBe('1');
    expect(findValue(body, 'kata_virtiofsd_threads')).toBe('1');
    expect(body.toString()).not.toContain('kata_virtiofsd_netdev');
    expect(findValue(body, 'kata_guest_load{item="load1"}')).toMatch(/^\d+\.\d\d$/);

    hypervisor.kill('SIGKILL');
    await waitUntil(async () => !(await get('one')).body.includes('\nkata_hypervisor_threads '));
    expect((await get('one')).body.includes('\nkata_virtiofsd_threads 1\n')).toBe(true);

    await program.stop();
    expect(readdirSync(root)).toEqual(['agent.sock']);
    expect(agent.child.exitCode).toBeNull();
    await agent.stop();
    expect(readdirSync(root)).toEqual([]);
  });

  it('says that there is no such process, and leaves nothing', async () => {
    // PID_MAX_LIMIT itself is never given to a process.
    const args = ['--sandbox-id=one', `--agent=unix://${root}/a`, '--hypervisor-pid=4194304', `--root=${root}/sbs`];
    const program = run('kata-shim', 'attach', ...args);
    const stderr = expect.stringContaining('Cannot watch process 4194304: there is none');
    expect(await program.ended).toMatchObject({ code: 1, stderr });
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('command lines', () => {
  it.each([
    ['kata-shim', [], 'Expected a command: attach or run'],
    ['kata-shim', ['stop'], 'Unknown command "stop"'],
    ['kata-shim', ['run', '--hypervisor=process'], 'Option "--sandbox-id" is required'],
    ['kata-shim', ['run', '--sandbox-id=../x', '--hypervisor=process'], 'Sandbox id "../x" must be'],
    [
      'kata-shim',
      ['run', '--sandbox-id=x', '--hypervisor=xen'],
      'Option "--hypervisor" must be one of firecracker, process',
    ],
    ['kata-shim', ['attach', '--sandbox-id=x', '--agent=here', '--hypervisor-pid=1'], 'Cannot read address "here"'],
    ['kata-shim', ['run', '--sandbox-id=x', '--hypervisor=firecracker'], 'Option "--kernel" is required'],
    ['kata-shim', ['run', '--sandbox-id=x', '--hypervisor=firecracker', '--kernel=/k', '--disk=1'], 'need QEMU'],
    [
      'kata-shim',
      ['attach', '--sandbox-id=x', '--agent=unix:///a', '--hypervisor-pid=1', '--cgroup=/a/../b'],
      'Option "--cgroup" must be a path from the root of the cgroups',
    ],
    [
      'kata-agent',
      ['--listen=unix:///a', '--container=web'],
      'Option "--container" must be <id>=/<path of its cgroup>',
    ],
    ['kata-agent', [], 'Option "--listen" is required'],
    ['kata-agent', ['--listen=unix://here'], 'path "here" is not absolute'],
  ])('%s %j ends with 2 and says why', async (name, args, message) => {
    const program = run(name, ...args);
    expect(await program.ended).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });

  it.each([
    ['kata-shim', ['--help'], 'kata-shim attach|run'],
    ['kata-shim', ['attach', '-h'], '--virtiofsd-pid <pid>'],
    ['kata-agent', ['-help'], '--listen <address>'],
    ['kata-agent', ['--version'], 'kata-agent 0.'],
    ['kata-shim', ['run', '--version'], 'kata-shim 0.'],
  ])('%s %j ends with 0', async (name, args, text) => {
    const program = run(name, ...args);
    expect(await program.ended).toMatchObject({ code: 0, stdout: expect.stringContaining(text) });
  });
});
