/**
 * The program kata-monitor over shims whose bodies are given: what a person and what Prometheus sees of it.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerInChunks, answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const body = readFileSync(join(import.meta.dirname, '../fixtures/bodies/go-shim.metrics.txt'));

let folder: string;
let programs: RunningProgram[];
let shims: FakeShim[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kata-'));
  programs = [];
  shims = [];
});

afterEach(async () => {
  await Promise.all(programs.map((program) => program.stop()));
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

function run(...args: string[]): RunningProgram {
  const program = runProgram('kata-monitor', args);
  programs.push(program);
  return program;
}

async function addShim(root: string, id: string, response: Parameters<typeof startFakeShim>[1]): Promise<FakeShim> {
  await mkdir(join(folder, root, id), { recursive: true });
  const shim = await startFakeShim(join(folder, root, id, 'shim-monitor.sock'), response);
  shims.push(shim);
  return shim;
}

function upByTheAnswer(text: string): Record<string, string> {
  const lines = text.matchAll(
    /^kata_sandbox_up\{sandbox_id="([^"]*)",cri_uid="",cri_name="",cri_namespace=""\} (.*)$/gm,
  );
  return Object.fromEntries([...lines].map(([, id, value]) => [id, value]));
}

describe('kata-monitor', () => {
  it('finds the sandboxes of both roots, as they come and go', async () => {
    await addShim('sbs', 'a'.repeat(64), answerInChunks(body));
    await addShim('kata', 'b-2', answerWithLength(body));
    await addShim('kata', 'broken', { kind: 'bytes', bytes: 'nonsense' });
    const program = run(
      '-listen-address=127.0.0.1:0',
      '-sandboxes-root',
      join(folder, 'sbs'),
      `--sandboxes-root=${folder}/kata`,
    );
    const url = await program.waitForLine(pickUrl);

    const text = await (await fetch(`${url}/metrics`)).text();
    expect(upByTheAnswer(text)).toEqual({ [`${'a'.repeat(64)}`]: '1', 'b-2': '1', broken: '0' });
    expect(text).toContain(
      'kata_sandbox_scrape_error{sandbox_id="broken",cri_uid="",cri_name="",cri_namespace="",reason="protocol"} 1\n',
    );
    expect(text).toContain('\nkata_monitor_running_shim_count 3\n');
    expect(text).toMatch(/^kata_shim_go_goroutines\{sandbox_id="b-2",cri_uid="",cri_name="",cri_namespace=""\} \d+$/m);

    // The monitor may write to its mailbox there meanwhile.
    await rm(join(folder, 'kata'), { recursive: true, maxRetries: 10 });
    await addShim('sbs', 'c', answerWithLength(body));
    const later = await (await fetch(`${url}/metrics`)).text();
    expect(upByTheAnswer(later)).toEqual({ [`${'a'.repeat(64)}`]: '1', c: '1' });
    expect(later).not.toContain('b-2');
    expect(await (await fetch(`${url}/sandboxes`)).text()).toBe(`${'a'.repeat(64)}\nc\n`);
  });

  it("gives one sandbox's families as its shim gave them", async () => {
    await addShim('sbs', 'one', answerInChunks(body));
    const program = run('--listen-address=127.0.0.1:0', `--sandboxes-root=${folder}/sbs`);
    const url = await program.waitForLine(pickUrl);
    const response = await fetch(`${url}/metrics?sandbox=one`);
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    expect((await fetch(`${url}/metrics?sandbox=../../one`)).status).toBe(400);
    expect((await fetch(`${url}/metrics?sandbox=two`)).status).toBe(404);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends on %s with 0, though a client keeps its connection', async (signal) => {
    const program = run('--listen-address=127.0.0.1:0', `--sandboxes-root=${folder}/sbs`);
    const url = await program.waitForLine(pickUrl);
    await (await fetch(url)).text();
    program.child.kill(signal);
    expect(await program.ended).toMatchObject({ code: 0, signal: undefined });
  });

  it.each([['version'], ['--version'], ['-version']])('%s prints the version', async (...args) => {
    const { code, stdout } = await run(...args).ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^kata-monitor \d+\.\d+\.\d+\n$/) });
  });

  it('--help prints the options', async () => {
    const { code, stdout } = await run('--help').ended;
    expect(code).toBe(0);
    expect(stdout).toContain('--runtime-endpoint <socket>');
  });

  it('ends with 2 for a command line that cannot be used', async () => {
    const { code, stdout, stderr } = await run('--listen-address=nowhere').ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('kata-monitor: Option "--listen-address" must be host:port');
  });

  it('ends with 1 when the address is taken', async () => {
    const first = run('--listen-address=127.0.0.1:0');
    const { host } = new URL(await first.waitForLine(pickUrl));
    const { code, stderr } = await run(`--listen-address=${host}`).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`Cannot listen on \\"${host}\\": address is in use`);
  });
});
