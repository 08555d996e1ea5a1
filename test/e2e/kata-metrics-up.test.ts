/**
 * `kata-metrics up` as people use it: it starts a whole pipeline, shows it, and leaves nothing of it, whatever ends it.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerWithLength, startFakeShim } from '../support/fake-shim.ts';
import { createMark, type MarkedProcess } from '../support/marked-processes.ts';
import { waitUntil } from '../support/processes.ts';
import { parseAnswer, type ReferenceSeries } from '../support/reference-exposition.ts';
import { type RunningProgram, runProgram } from '../support/run-program.ts';

/** A root without sandboxes, so that `up` starts its own on a node that has some, too. */
let empty: string;

beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), 'km-test-'));
});

afterAll(() => rm(empty, { recursive: true }));

const started: RunningProgram[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((program) => program.stop()));
});

interface Up {
  readonly program: RunningProgram;
  /** It and all that it has started. */
  readonly list: () => MarkedProcess[];
  /** Resolves with all of standard output when this is in it, or when the program has ended. */
  readonly waitForText: (text: string) => Promise<string>;
}

function runUp(...args: string[]): Up {
  const { env, list } = createMark();
  const program = runProgram(
    'kata-metrics',
    ['up', '--hypervisor=process', '--listen-address=127.0.0.1:0', ...args],
    env,
  );
  started.push(program);
  let stdout = '';
  let look: () => void = () => undefined;
  program.child.stdout!.on('data', (piece: string) => {
    stdout += piece;
    look();
  });
  const waitForText = (text: string): Promise<string> =>
    new Promise((resolve) => {
      look = () => stdout.includes(text) && resolve(stdout);
      look();
      void program.ended.then(() => resolve(stdout));
    });
  return { program, list, waitForText };
}

/** Starts `up` where no sandbox is, and waits until it shows its table. */
async function startUp(...args: string[]): Promise<Up & { stdout: string; url: string; root: string; ids: string[] }> {
  const up = runUp(`--sandboxes-root=${empty}`, ...args);
  const stdout = await up.waitForText('\nThis scrape: ');
  return {
    ...up,
    stdout,
    url: /http:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0] ?? '',
    root: /sandboxes in (\S+):/.exec(stdout)?.[1] ?? '',
    ids: [...stdout.matchAll(/^([0-9a-f]{12}) +running +\d+\.\d\d \/ \d+ /gm)].map(([, id]) => id!),
  };
}

/** The root of a shim that `up` has started. */
async function waitForRoot(list: () => MarkedProcess[]): Promise<string> {
  const find = (): string | undefined =>
    list()
      .flatMap(({ args }) => args)
      .find((arg) => arg.startsWith('--root='));
  await waitUntil(() => find() !== undefined);
  return find()!.slice('--root='.length);
}

async function readSeries(url: string, name: string): Promise<ReferenceSeries[]> {
  const { series } = parseAnswer(await (await fetch(`${url}/metrics`)).text());
  return series.filter((each) => each.name === name);
}

describe('kata-metrics up', () => {
  it('runs a whole pipeline, and leaves nothing of it behind', async () => {
    const { program, list, url, root, ids, stdout } = await startUp();
    expect(ids).toHaveLength(2);
    expect(stdout).not.toContain('\u001b');
    const found = await runProgram('kata-metrics', ['ls', '-ojson', '--runtime-endpoint=/nowhere']).ended;
    const inRoot = (JSON.parse(found.stdout) as { id: string; root: string }[]).filter((row) => row.root === root);
    expect(inRoot.map(({ id }) => id.slice(0, 12)).sort()).toEqual([...ids].sort());
    const up = await readSeries(url, 'kata_shim_agent_up');
    expect(up.map(({ value }) => value)).toEqual([1, 1]);
    // Flags of Node.js may stand before the program.
    const programOf = (args: readonly string[]) => args.slice(1).find((word) => !word.startsWith('--'));
    const programs = list().flatMap(({ args }) => /kata-[a-z]+(?=\.ts$)/.exec(programOf(args) ?? '')?.[0] ?? []);
    expect(programs.sort()).toEqual(['kata-agent', 'kata-agent', 'kata-metrics', 'kata-shim', 'kata-shim']);

    // As under npm, where a Ctrl-C comes from the terminal and from npm.
    program.child.kill('SIGINT');
    program.child.kill('SIGINT');
    const { code, stderr } = await program.ended;
    expect([code, stderr]).toEqual([0, 'Stopping ...\n']);
    expect(existsSync(root)).toBe(false);
    await waitUntil(() => list().length === 0);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it('leaves nothing behind when it is killed', async () => {
    const { program, list, root } = await startUp('--sandboxes=1');
    program.child.kill('SIGKILL');
    await waitUntil(() => list().length === 0);
    expect(existsSync(root)).toBe(false);
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    'leaves nothing behind when %s comes while it starts',
    async (signal) => {
      const { program, list } = runUp(`--sandboxes-root=${empty}`, '--sandboxes=1');
      const root = await waitForRoot(list);
      program.child.kill(signal);
      const { code, stderr } = await program.ended;
      // A busy machine may send the signal after the start.
      expect([code, stderr]).toEqual([0, expect.stringMatching(/^(?:Stopping \.\.\.\n)?$/)]);
      expect(existsSync(root)).toBe(false);
      await waitUntil(() => list().length === 0);
    },
  );

  it('ends when no process reads its output', async () => {
    const { program, list } = runUp(`--sandboxes-root=${empty}`, '--sandboxes=1');
    program.child.stdout!.destroy();
    const { code } = await program.ended;
    expect(code).toBe(0);
    await waitUntil(() => list().length === 0);
  });

  it('says that a sandbox has ended, and goes on with the others', async () => {
    const { program, list, url } = await startUp();
    const shim = list().find(({ args }) => args.some((arg) => arg.startsWith('--sandbox-id=')))!;
    const id = shim.args.find((arg) => arg.startsWith('--sandbox-id='))!.slice('--sandbox-id='.length);
    process.kill(shim.pid, 'SIGKILL');
    const line = await program.waitForLine((each) => (each.startsWith('Shim') ? each : undefined));
    expect(line).toBe(`Shim of sandbox "${id}" was ended by SIGKILL`);
    const up = await readSeries(url, 'kata_sandbox_up');
    const downs = up.filter(({ value }) => value === 0).map(({ labels }) => new Map(labels).get('sandbox_id'));
    expect([up.length, downs]).toEqual([2, [id]]);
    expect((await program.stop()).code).toBe(0);
    await waitUntil(() => list().length === 0);
  });

  it('says that an address is taken, before it starts anything', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await waitUntil(() => server.listening);
    const { port } = server.address() as AddressInfo;
    const { program, list } = runUp(`--sandboxes-root=${empty}`, '--sandboxes=1', `--listen-address=127.0.0.1:${port}`);
    const { code, stdout, stderr } = await program.ended;
    server.close();
    const message = `kata-metrics: Cannot listen on "127.0.0.1:${port}": address is in use\n`;
    expect([code, stdout, stderr]).toEqual([1, '', message]);
    await waitUntil(() => list().length === 0);
  });

  it.each([
    [
      'Prometheus is not installed',
      ['--listen-address=127.0.0.1:0'],
      1,
      'kata-metrics: Cannot start Prometheus: no program "prometheus" on the PATH (Debian: prometheus)\n',
    ],
    ['Prometheus cannot scrape a socket', ['--listen-address=unix:///run/x.sock'], 2, 'cannot scrape Unix sockets'],
    ['Prometheus has no password', ['--web.config.file=web.yml'], 2, 'cannot be used with "--web.config.file"'],
  ] as const)('reports before it starts anything: %s', async (_, args, exitCode, message) => {
    const { env, list } = createMark();
    const all = ['up', '--prometheus', '--hypervisor=process', `--sandboxes-root=${empty}`, ...args];
    const { code, stdout, stderr } = await runProgram('kata-metrics', all, { ...env, PATH: '' }).ended;
    expect([code, stdout, stderr]).toEqual([exitCode, '', expect.stringContaining(message)]);
    await waitUntil(() => list().length === 0);
  });

  it('serves on a socket in the file system', async () => {
    const socketPath = join(empty, 'monitor.sock');
    const { program, waitForText } = runUp(
      `--sandboxes-root=${empty}`,
      '--sandboxes=1',
      `--listen-address=unix://${socketPath}`,
    );
    const stdout = await waitForText('\nThis scrape: ');
    expect(stdout).toContain(`curl --unix-socket ${socketPath} http://localhost/metrics\n`);
    expect(stdout).toMatch(/^[0-9a-f]{12} +running /m);
    expect((await program.stop()).code).toBe(0);
    expect(existsSync(socketPath)).toBe(false);
  });

  it('serves other machines when that is requested', async () => {
    const { program, waitForText } = runUp(`--sandboxes-root=${empty}`, '--sandboxes=1', '--listen-address=:0');
    const stdout = await waitForText('\nThis scrape: ');
    expect(stdout).toMatch(/\n {2}curl http:\/\/127\.0\.0\.1:\d+\/metrics\n/);
    const { code, stderr } = await program.stop();
    expect([code, stderr]).toEqual([0, 'Other machines can reach ":0" and need no password\nStopping ...\n']);
  });

  it('requires a password from others where web.yml says so, and shows its table all the same', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'km-'));
    const webConfig = join(folder, 'web.yml');
    await writeFile(webConfig, `basic_auth_users: { alice: "${hashSync('wonderland', 4)}" }`);
    const args = [`--sandboxes-root=${empty}`, '--sandboxes=1', `--web.config.file=${webConfig}`];
    const { program, waitForText } = runUp(...args);
    const stdout = await waitForText('\nThis scrape: ');
    expect(stdout).toMatch(/^[0-9a-f]{12} +running /m);
    const url = /curl (http:\S+)/.exec(stdout)![1]!;
    expect((await fetch(url)).status).toBe(401);
    const authorization = `Basic ${Buffer.from('alice:wonderland').toString('base64')}`;
    expect((await fetch(url, { headers: { authorization } })).status).toBe(200);
    expect((await program.stop()).code).toBe(0);
    await writeFile(webConfig, 'users: {}');
    const { code, stderr } = await runUp(...args).program.ended;
    expect(code).toBe(2);
    expect(stderr).toContain('Option "--web.config.file" must be a usable file: Key "users" is not a known key');
    await rm(folder, { recursive: true });
  });

  it('serves the sandboxes that are there, and starts none', async () => {
    const root = await mkdtemp(join(tmpdir(), 'km-'));
    await mkdir(join(root, 'mine'));
    const shim = await startFakeShim(join(root, 'mine', 'shim-monitor.sock'), answerWithLength('kata_guest_x 1\n'));
    const { program, list, waitForText } = runUp(`--sandboxes-root=${root}`);
    const stdout = await waitForText('\nThis scrape: ');
    expect(list().map(({ pid }) => pid)).toEqual([program.child.pid]);
    expect((await program.stop()).code).toBe(0);
    expect(stdout).toMatch(/^mine +running +- +- +- /m);
    await shim.close();
    await rm(root, { recursive: true });
  });
});
