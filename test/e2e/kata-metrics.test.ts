/**
 * kata-metrics as people use it: `up` starts a whole pipeline and leaves nothing, `ls` and `get` look at its sandboxes.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerWithLength, startFakeShim } from '../support/fake-shim.ts';
import { listChildren, waitUntil } from '../support/processes.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { type ProgramEnd, type RunningProgram, runProgram } from '../support/run-program.ts';

let empty: string;

beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), 'km-test-'));
});

afterAll(() => rm(empty, { recursive: true }));

/** Starts `up` where no sandbox is, and waits until it shows its table. */
async function startUp(
  ...args: string[]
): Promise<{ program: RunningProgram; url: string; root: string; ids: string[] }> {
  const program = runProgram('kata-metrics', [
    'up',
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${empty}`,
    ...args,
  ]);
  let stdout = '';
  program.child.stdout!.on('data', (piece: string) => {
    stdout += piece;
  });
  await waitUntil(() => /^SANDBOX .*\n(?:[0-9a-f]{12} .*\n)+/m.test(stdout) || program.child.exitCode !== null);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0] ?? '';
  const root = /sandboxes in (\S+):/.exec(stdout)?.[1] ?? '';
  const ids = [...stdout.matchAll(/^([0-9a-f]{12}) +up +up /gm)].map(([, id]) => id!);
  return { program, url, root, ids };
}

const run = (...args: string[]): Promise<ProgramEnd> => runProgram('kata-metrics', args).ended;

describe('kata-metrics', () => {
  it('runs a whole pipeline, and leaves nothing of it behind', async () => {
    const { program, url, root, ids } = await startUp();
    expect(ids).toHaveLength(2);
    const answer = parseAnswer(await (await fetch(`${url}/metrics`)).text());
    const up = answer.series.filter(({ name }) => name === 'kata_shim_agent_up');
    expect(up.map(({ value }) => value)).toEqual([1, 1]);

    const listed = await run('ls', `--sandboxes-root=${root}`, '-o', 'json');
    const sandboxes = JSON.parse(listed.stdout) as { id: string; state: string; ageSeconds: number }[];
    expect(sandboxes.map(({ id, state }) => [id.slice(0, 12), state])).toEqual(ids.map((id) => [id, 'running']));
    const table = await run('ls', `--sandboxes-root=${root}`);
    expect(table.stdout).toMatch(/^SANDBOX +STATE +AGE +ROOT\n[0-9a-f]{64} +running +\d+s /);
    expect(table.stdout).not.toContain('\u001b');

    const got = await run('get', ids[0]!, `--sandboxes-root=${root}`, '--family=kata_guest_load');
    expect(parseAnswer(got.stdout).series.map(({ name }) => name)).toEqual(Array(3).fill('kata_guest_load'));
    const json = JSON.parse((await run('get', ids[1]!, `--sandboxes-root=${root}`, '--output=json')).stdout) as {
      name: string;
    }[];
    expect(json.map(({ name }) => name)).toContain('kata_agent_scrape_count');

    const shims = listChildren(program.child.pid!).map(({ pid }) => pid);
    expect(shims).toHaveLength(2);
    const all = [...shims, ...shims.flatMap((pid) => listChildren(pid).map((child) => child.pid))];
    // As under npm, where a Ctrl-C comes from the terminal and from npm.
    program.child.kill('SIGINT');
    program.child.kill('SIGINT');
    const { code, stderr } = await program.ended;
    expect([code, stderr]).toEqual([0, 'Ending ...\n']);
    expect(existsSync(root)).toBe(false);
    await waitUntil(() => all.every((pid) => !isRunning(pid)));
  });

  it('says that an address is taken, and cleans up', async () => {
    const server: Server = createServer().listen(0, '127.0.0.1');
    await waitUntil(() => server.listening);
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run(
      'up',
      '--sandboxes=1',
      `--listen-address=127.0.0.1:${port}`,
      `--sandboxes-root=${empty}`,
    );
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^kata-metrics: .*127\\.0\\.0\\.1:${port}.*in use\n$`));
  });

  it('serves the sandboxes that are there, and starts none', async () => {
    const root = await mkdtemp(join(tmpdir(), 'km-'));
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(root, 'mine'));
    const shim = await startFakeShim(join(root, 'mine', 'shim-monitor.sock'), answerWithLength('kata_guest_x 1\n'));
    const program = runProgram('kata-metrics', ['up', '--listen-address=127.0.0.1:0', `--sandboxes-root=${root}`]);
    await waitUntil(() => shim.requests.length > 0);
    expect(listChildren(program.child.pid!)).toEqual([]);
    const { code, stdout } = await program.stop();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^mine +up +- /m);
    await shim.close();
    await rm(root, { recursive: true });
  });

  it.each<[args: string[], code: number, message: RegExp]>([
    [[], 2, /Expected a command/],
    [['nonsense'], 2, /Unknown command "nonsense"/],
    [['ls', '--nonsense'], 2, /nonsense/],
    [['get'], 2, /takes one sandbox, got 0/],
    [['get', 'a', 'b'], 2, /takes one sandbox, got 2/],
    [['up', '--sandboxes=0'], 2, /--sandboxes.*from 1 to 100.*"?0"?/],
    [['ls', '-o', 'yaml'], 2, /--output.*json.*yaml/],
  ])('refuses %j', async (args, code, message) => {
    const end = await run(...args);
    expect(end.code).toBe(code);
    expect(end.stderr).toMatch(message);
    expect(end.stdout).toBe('');
  });

  it('says that there is no such sandbox', async () => {
    const { code, stderr } = await run('get', 'abc', `--sandboxes-root=${empty}`);
    expect([code, stderr]).toEqual([1, 'kata-metrics: No sandbox "abc" among the 0 on this node\n']);
  });

  it.each(['up', 'ls', 'get'])('has help for %s', async (command) => {
    const { code, stdout } = await run(command, '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: kata-metrics ${command}`));
  });
});

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}
