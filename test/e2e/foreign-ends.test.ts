/**
 * The final values of a sandbox whose shim leaves none, as that of the Go runtime: from the last scrape, and from the cgroup of
 * its pod, a real one, where the kubelet would make it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProcfs, findCgroupHierarchy, readMountinfo } from '../../src/procfs/index.ts';
import { makeBodies } from '../support/bodies-of-runtimes.ts';
import { CriServer } from '../support/cri-server.ts';
import { answerInChunks, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { knownLoadCommand, sumReports } from '../support/known-load.ts';
import { canMakeCgroup } from '../support/own-cgroup.ts';
import { waitUntil } from '../support/processes.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const ID = 'f'.repeat(64);
const uid = randomUUID();

let folder: string;
let cgroups: readonly string[];
let idle: ChildProcess;
let shim: FakeShim;
let cri: CriServer;
let monitor: RunningProgram;
let url: string;

async function makePodCgroup(): Promise<readonly string[]> {
  const hierarchy = findCgroupHierarchy((await readMountinfo(createProcfs(), 'self')) ?? []);
  const roots =
    hierarchy?.kind === 'v2'
      ? [hierarchy.root]
      : ['cpuacct', 'memory'].flatMap((name) => hierarchy?.roots.get(name) ?? []);
  const paths = [...new Set(roots)].map((root) => join(root, 'kubepods', `pod${uid}`));
  for (const path of paths) {
    mkdirSync(path, { recursive: true });
  }
  return paths;
}

/** The directory above stays where a kubelet, or another test, uses it. */
function removeCgroups(): void {
  for (const path of cgroups) {
    rmdirSync(path);
    try {
      rmdirSync(dirname(path));
    } catch {
      // In use.
    }
  }
}

async function use(cpuMs: number): Promise<void> {
  const load = knownLoadCommand({ cpuMs, lifetimeMs: cpuMs, reportPath: join(folder, 'reports/pod') });
  const child = spawn('/bin/sh', ['-c', `read -r _; ${load}`], { stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  for (const path of cgroups) {
    writeFileSync(join(path, 'cgroup.procs'), String(child.pid));
  }
  child.stdin.end('\n');
  await ended;
}

async function scrape(): Promise<ReadonlyMap<string, { readonly value: number; readonly labels: object }>> {
  const { series } = parseAnswer(await (await fetch(`${url}/metrics`)).text());
  return new Map(
    series
      .filter(({ labels }) => labels.every(([name, value]) => name !== 'sandbox_id' || value === ID))
      .map(({ name, value, labels }) => [name, { value, labels: Object.fromEntries(labels) }]),
  );
}

describe.skipIf(!(await canMakeCgroup()))('a sandbox of the Go runtime', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'foreign-'));
    await mkdir(join(folder, 'reports'));
    await mkdir(join(folder, 'sbs', ID), { recursive: true });
    cgroups = await makePodCgroup();
    idle = spawn('sleep', ['600'], { stdio: 'ignore' });
    const pid = idle.pid!;
    const bodies = await makeBodies({ tree: '/proc', hypervisorPid: pid, virtiofsdPid: undefined, shimPid: pid });
    shim = await startFakeShim(join(folder, 'sbs', ID, 'shim-monitor.sock'), answerInChunks(bodies['go-shim']));
    const metadata = { name: 'web', uid, namespace: 'team-a' };
    const createdAt = BigInt(Date.now()) * 1_000_000n;
    cri = await CriServer.start(join(folder, 'cri.sock'), {
      state: { pods: [{ id: ID, metadata, createdAt, runtimeHandler: 'kata' }] },
    });
    monitor = runProgram('kata-monitor', [
      '--listen-address=127.0.0.1:0',
      `--sandboxes-root=${join(folder, 'sbs')}`,
      `--runtime-endpoint=unix://${cri.socketPath}`,
    ]);
    url = await monitor.waitForLine(pickUrl);
  });

  afterEach(async () => {
    await monitor.stop();
    await cri.stop();
    idle.kill('SIGKILL');
    await rm(folder, { recursive: true, maxRetries: 10 });
  });

  it('has what the cgroup of its pod has counted, and what the guest had in the last scrape', async () => {
    try {
      let rows: Awaited<ReturnType<typeof scrape>> = new Map();
      await waitUntil(async () => {
        rows = await scrape();
        return (rows.get('kata_sandbox_up')?.labels as { readonly cri_uid?: string })?.cri_uid === uid;
      });
      const guestSeconds = rows.get('kata_sandbox_cpu_usage_seconds_total')!.value;
      // After the last scrape.
      await use(200);
      await shim.close();
      await rm(join(folder, 'sbs', ID), { recursive: true });
      await waitUntil(async () => {
        rows = await scrape();
        return rows.has('kata_ended_sandboxes_total');
      });
      expect(rows.get('kata_ended_sandboxes_total')).toEqual({
        value: 1,
        labels: { cri_namespace: 'team-a', runtime_handler: 'kata', reason: 'unknown' },
      });
      expect(rows.get('kata_sandbox_final_cpu_seconds')!.value).toBe(guestSeconds);
      const used = sumReports(join(folder, 'reports')).cpuSeconds;
      const hostSeconds = rows.get('kata_sandbox_final_host_cpu_seconds')!.value;
      expect(hostSeconds).toBeGreaterThanOrEqual(used);
      expect(hostSeconds).toBeLessThan(used + 1);
    } finally {
      removeCgroups();
    }
  }, 60_000);
});
