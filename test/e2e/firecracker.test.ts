/**
 * kata-shim attached to a Firecracker, up to the node monitor's response. There is no Firecracker on the machines that run
 * this: its API is a server of ours by the published schema, its hybrid vsock leads to an agent of this machine, and its
 * process is this one.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FirecrackerApiServer, startFirecrackerApi } from '../support/firecracker-api.ts';
import { type HybridVsockBridge, startHybridVsockBridge } from '../support/hybrid-vsock-bridge.ts';
import { waitUntil } from '../support/processes.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

let root: string;
let programs: RunningProgram[];
let api: FirecrackerApiServer;
let bridge: HybridVsockBridge;

const METRICS = {
  net: { rx_count: 5 },
  net_eth0: { rx_count: 5 },
  vcpu: { exit_io_in: 9_007_199_254_740_991, exit_io_in_agg: { min_us: 1, max_us: 2, sum_us: 3 } },
  vmm: { panic_count: 0 },
  gpu: { frames: 1 },
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kf-'));
  programs = [];
  const metricsPath = join(root, 'metrics.fifo');
  execFileSync('mkfifo', [metricsPath]);
  api = await startFirecrackerApi({ socketPath: join(root, 'api.sock'), running: { metricsPath } });
  api.setGroups(METRICS);
  bridge = await startHybridVsockBridge(join(root, 'v.sock'), 1024, join(root, 'agent.sock'));
});

afterEach(async () => {
  await Promise.all(programs.map((program) => program.stop()));
  await bridge.close();
  await api.close();
  await rm(root, { recursive: true, force: true });
});

async function run<T>(name: string, pick: (line: string) => T | undefined, ...args: string[]): Promise<T> {
  const program = runProgram(name, args);
  programs.push(program);
  return program.waitForLine(pick);
}

const has = (text: string) => (line: string) => (line.includes(text) ? true : undefined);

describe('a Firecracker that is attached to', () => {
  it("is in the node's response: its own metrics, and its guest's over hybrid vsock", async () => {
    await run('kata-agent', has('Listening on'), '--listen', `unix://${join(root, 'agent.sock')}`);
    await run(
      'kata-shim',
      has('Serving on'),
      ...['attach', '--sandbox-id=fc', `--root=${join(root, 'sbs')}`, `--hypervisor-pid=${process.pid}`],
      ...[`--agent=hvsock://${join(root, 'v.sock')}:1024`, `--firecracker-api=${join(root, 'api.sock')}`],
      `--firecracker-metrics=${join(root, 'metrics.fifo')}`,
    );
    const url = await run(
      'kata-monitor',
      pickUrl,
      '--listen-address=127.0.0.1:0',
      `--sandboxes-root=${join(root, 'sbs')}`,
    );
    let response = '';
    let flushes = 0;
    const find = (name: string, labels: object) =>
      parseAnswer(response).series.find(
        (series) =>
          series.name === name && Object.entries(labels).every(([k, v]) => new Map(series.labels).get(k) === v),
      )?.value;
    // A line that is late is in the next response.
    await waitUntil(async () => {
      response = await (await fetch(`${url}/metrics`)).text();
      flushes = api.calls.filter((call) => call.includes('FlushMetrics')).length;
      return find('kata_shim_agent_up', {}) === 1 && find('kata_firecracker_gpu', { item: 'frames' }) === flushes;
    });
    expect(flushes).toBeGreaterThan(0);
    expect(find('kata_firecracker_net', { item: 'rx_count' })).toBe(5 * flushes);
    expect(find('kata_firecracker_net', { item: 'rx_count', device: 'eth0' })).toBe(5 * flushes);
    // Digits that a double does not have.
    const exits = /^kata_firecracker_vcpu\{item="exit_io_in",.*\} (\d+)$/m.exec(response)?.[1];
    expect(exits).toBe(String(9_007_199_254_740_991n * BigInt(flushes)));
    expect(find('kata_firecracker_vcpu', { item: 'exit_io_in_agg_max_us' })).toBe(2);
    expect(find('kata_firecracker_vmm', { item: 'panic_count' })).toBe(0);
    expect(find('kata_firecracker_gpu', { item: 'frames' })).toBe(flushes);
    expect(find('kata_firecracker_age_seconds', {})).toBeLessThan(60);
    expect(find('kata_shim_agent_up', {})).toBe(1);
    expect(find('kata_guest_meminfo', { item: 'mem_total' })).toBeGreaterThan(0);
  });
});
