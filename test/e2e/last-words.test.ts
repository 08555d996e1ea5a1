/**
 * The final values of sandboxes that live for a moment: from the shim over its file to the response of the monitor, each
 * once, whatever happens to the monitor.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { knownLoadCommand, sumReports } from '../support/known-load.ts';
import { canMakeCgroup } from '../support/own-cgroup.ts';
import { waitUntil } from '../support/processes.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { type ProgramEnd, pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';
import { runShortLives } from '../support/short-lives.ts';

let folder: string;
let root: string;
let reports: string;
let programs: RunningProgram[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'words-'));
  root = join(folder, 'sbs');
  reports = join(folder, 'reports');
  await mkdir(root);
  await mkdir(reports);
  programs = [];
});

afterEach(async () => {
  await Promise.all(programs.map((program) => program.stop()));
  await rm(folder, { recursive: true, maxRetries: 10 });
});

function run(name: string, ...args: string[]): RunningProgram {
  const program = runProgram(name, args);
  programs.push(program);
  return program;
}

async function startMonitor(...args: string[]): Promise<{ url: string; program: RunningProgram }> {
  const program = run(
    'kata-monitor',
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${root}`,
    `--runtime-endpoint=${folder}/none`,
    ...args,
  );
  return { program, url: await program.waitForLine(pickUrl) };
}

/** One that has ended when this resolves, and has left its last words. */
async function runSandbox(id: string, cpuMs: number, ...args: string[]): Promise<ProgramEnd> {
  const workload = knownLoadCommand({ cpuMs, lifetimeMs: 2 * cpuMs, reportPath: join(reports, id) });
  const end = await run(
    'kata-shim',
    'run',
    '--hypervisor=process',
    `--root=${root}`,
    `--sandbox-id=${id}`,
    `--workload-command=${workload}`,
    // The guest is not read: a process stands for it.
    '--agent-command=sleep infinity #',
    ...args,
  ).ended;
  // The guard completes them when the shim has exited.
  await waitUntil(() => {
    const names = readdirSync(join(root, '.last-words'));
    return !names.some((name) => name.startsWith(`${id}.`) && name.endsWith('.new'));
  });
  return end;
}

interface Row {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

async function scrape(url: string, userAgent = 'Prometheus/3'): Promise<Row[]> {
  const response = await fetch(`${url}/metrics`, { headers: { 'user-agent': userAgent } });
  const { series } = parseAnswer(await response.text());
  return series
    .filter(({ name }) => /^kata_(?:sandbox_final|ended|monitor_final)_/.test(name))
    .map(({ name, labels, value }) => ({ name, value, labels: Object.fromEntries(labels) }));
}

const find = (rows: readonly Row[], name: string): Row[] => rows.filter((row) => row.name === name);
/** The guard completes the last words when the shim has ended, so that they may be late for a scrape. */
async function scrapeFinals(url: string, id: string): Promise<Row[]> {
  let rows: Row[] = [];
  await waitUntil(async () => {
    rows = await scrape(url);
    return find(rows, 'kata_sandbox_final_cpu_seconds').some(({ labels }) => labels['sandbox_id'] === id);
  });
  return rows;
}

const readValue = (rows: readonly Row[], name: string): number | undefined => find(rows, name)[0]?.value;

describe('the final values of a sandbox', () => {
  it('are served to each scraper once, and stay in the totals over kill -9', async () => {
    let monitor = await startMonitor();
    expect(await scrape(monitor.url, 'another')).toEqual([]);
    expect(await scrape(monitor.url)).toEqual([]);
    expect((await runSandbox('one', 300)).code).toBe(0);
    const first = await scrapeFinals(monitor.url, 'one');
    const used = sumReports(reports).cpuSeconds;
    const [cpu] = find(first, 'kata_sandbox_final_cpu_seconds');
    expect(cpu!.labels).toEqual({
      sandbox_id: 'one',
      cri_uid: '',
      cri_name: '',
      cri_namespace: '',
      reason: 'finished',
    });
    // Beside what it reads of itself: its own start and end, and those of sleep. The start of a shim takes longer.
    expect(cpu!.value).toBeGreaterThanOrEqual(used * 0.99);
    expect(cpu!.value).toBeLessThan(used + 0.1);
    expect(readValue(first, 'kata_sandbox_final_host_cpu_seconds')).toBeGreaterThan(cpu!.value);
    expect(readValue(first, 'kata_sandbox_final_lifetime_seconds')).toBeGreaterThanOrEqual(0.6);
    expect(readValue(first, 'kata_ended_sandboxes_total')).toBe(1);
    expect(readValue(first, 'kata_ended_sandboxes_cpu_seconds_total')).toBe(cpu!.value);
    await expect
      .poll(() => readdirSync(join(root, '.last-words')).sort())
      .toEqual(['monitor.sock', 'open', 'state.json']);

    monitor.program.child.kill('SIGKILL');
    await monitor.program.ended;
    // Ends while no monitor runs.
    await runSandbox('two', 100);
    monitor = await startMonitor();
    const second = await scrapeFinals(monitor.url, 'two');
    expect(readValue(second, 'kata_ended_sandboxes_total')).toBe(2);
    // This one has not read the first one yet.
    const other = await scrape(monitor.url, 'another');
    expect(find(other, 'kata_sandbox_final_cpu_seconds').map(({ labels }) => labels['sandbox_id'])).toEqual([
      'one',
      'two',
    ]);
    const third = await scrape(monitor.url);
    expect(find(third, 'kata_sandbox_final_cpu_seconds')).toEqual([]);
    expect(readValue(third, 'kata_ended_sandboxes_total')).toBe(2);
  });
});

describe('a shim that was attached', () => {
  const attach = async (pid: number): Promise<RunningProgram> => {
    const program = run(
      ...(['kata-shim', 'attach', '--sandbox-id=one', `--root=${root}`, `--hypervisor-pid=${pid}`] as const),
      `--agent=unix://${folder}/none`,
    );
    await program.waitForLine((line) => line.includes('Serving on') || undefined);
    return program;
  };

  it('leaves an end when the hypervisor has ended, and else says that the sandbox goes on', async () => {
    const { url } = await startMonitor();
    const hypervisor = spawn('sleep', ['600'], { stdio: 'ignore' });
    try {
      const mailbox = (): string[] => readdirSync(join(root, '.last-words')).filter((name) => name.startsWith('one.'));
      // Twice, one after the other.
      for (const _ of [1, 2]) {
        const first = await attach(hypervisor.pid!);
        await scrape(url);
        expect((await first.stop()).code).toBe(0);
        await scrape(url);
        await expect.poll(mailbox).toEqual([]);
      }
      const last = await attach(hypervisor.pid!);
      await scrape(url);
      const ended = once(hypervisor, 'exit');
      hypervisor.kill('SIGKILL');
      await ended;
      await last.stop();
      let rows: Row[] = [];
      await waitUntil(async () => {
        rows = await scrape(url);
        return find(rows, 'kata_ended_sandboxes_total').length > 0;
      });
      expect(find(rows, 'kata_ended_sandboxes_total').map(({ labels, value }) => [labels['reason'], value])).toEqual([
        ['unknown', 1],
      ]);
      // Of the last scrape, with the hypervisor.
      expect(readValue(rows, 'kata_sandbox_final_host_cpu_seconds')).toBeGreaterThan(0);
      expect(readValue(rows, 'kata_sandbox_final_lifetime_seconds')).toBeGreaterThan(0.5);
    } finally {
      hypervisor.kill('SIGKILL');
    }
  }, 60_000);
});

describe.skipIf(!(await canMakeCgroup()))('short-lived sandboxes', () => {
  it('are all in the final values with what they have used, over kill -9 of the monitor', async () => {
    const lives = await runShortLives({
      count: 12,
      concurrency: 4,
      lifetimeMs: [300, 1500],
      cpuShare: 0.4,
      scrapeIntervalMs: 500,
      killAt: [4, 8],
    });
    expect(lives).toMatchObject({ lost: [], changed: [], isMonotone: true, totals: { count: 12 } });
    const { known, final } = lives.workload;
    // bench/last-words.ts has 1,000 of them; here, a moment of one of them is a part of the sum that is larger.
    expect(Math.abs(final - known) / known).toBeLessThan(0.02);
    expect(lives.totals.cpuSeconds).toBeCloseTo(final, 3);
    // Without what the guard needs to write them.
    expect(lives.host.final).toBeLessThanOrEqual(lives.host.cgroups);
    expect(lives.host.final).toBeGreaterThan(lives.host.cgroups * 0.99);
  }, 120_000);

  it('that lose their shim to SIGKILL are counted once, with the shim', async () => {
    const { url } = await startMonitor();
    // It has used 50 ms when it writes that, and goes on.
    const load = knownLoadCommand({ cpuMs: 50, lifetimeMs: 50, reportPath: join(reports, 'x') });
    const workload = load.replace(/'$/, "\nexec sleep 600'");
    const shim = run(
      ...['kata-shim', 'run', '--hypervisor=process', `--root=${root}`, '--sandbox-id=killed'],
      ...[`--workload-command=${workload}`, '--agent-command=sleep infinity #'],
    );
    await shim.waitForLine((line) => line.includes('Serving on') || undefined);
    await waitUntil(() => readdirSync(reports).length > 0);
    const cgroup = readFileSync(`/proc/${shim.child.pid!}/cgroup`, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .flatMap(([, controllers = '', path = '']) =>
        path.endsWith('-shim') ? [join('/sys/fs/cgroup', controllers, path)] : [],
      );
    expect(cgroup.map((path) => existsSync(path))).toEqual([true]);
    shim.child.kill('SIGKILL');
    await shim.ended;
    let rows: Row[] = [];
    await waitUntil(async () => {
      rows = await scrape(url);
      return readValue(rows, 'kata_ended_sandboxes_total') === 1;
    });
    expect(find(rows, 'kata_ended_sandboxes_total')[0]!.labels['reason']).toBe('shim_killed');
    const [cpu, hostCpu] = ['cpu', 'host_cpu'].map((name) => readValue(rows, `kata_sandbox_final_${name}_seconds`)!);
    expect(cpu).toBeGreaterThan(0.05);
    // The start of a shim takes longer than the whole work.
    expect(hostCpu! - cpu!, `${hostCpu} and ${cpu} s`).toBeGreaterThan(0.05);
    await waitUntil(() => !cgroup.some((path) => existsSync(path)));
  }, 60_000);
});
