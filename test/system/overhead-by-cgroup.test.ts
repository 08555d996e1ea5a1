/**
 * The memory overhead that the shim reports against what the kernel charges a cgroup for everything of the sandbox, the
 * shim too: for a virtual machine, and for a sandbox without one. Both start in the cgroup, so that all of it is charged.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SandboxCgroup } from '../../src/shim/overhead/sandbox-cgroup.ts';
import { getFromShim } from '../../src/shim-client/index.ts';
import { canMakeCgroup, makeOwnCgroup, waitUntilLeft } from '../support/own-cgroup.ts';
import { waitUntil } from '../support/processes.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { parseAnswer, type ReferenceSeries } from '../support/reference-exposition.ts';
import { missingPackages } from '../support/requirements.ts';
import { programCommand, type RunningProgram, runCommand } from '../support/run-program.ts';
import { findValue } from '../support/virtual-sandbox.ts';

const ID = 'measured';
const MAX_DIFFERENCE = 0.05;
/** Of a boot and some responses on a machine with other work. */
const TIMEOUT_MS = 300_000;
const ENTER_AND_RUN = 'for d in $0; do echo $$ >"$d/cgroup.procs" || exit 9; done; exec "$@"';

const readLines = (path: string): string[] => readFileSync(path, 'utf8').trim().split('\n');

describe.skipIf(!(await canMakeCgroup()))('the memory overhead', { timeout: TIMEOUT_MS }, () => {
  let root: string;
  let cgroup: SandboxCgroup;
  let shim: RunningProgram;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'km-'));
    cgroup = (await makeOwnCgroup('overhead'))!;
  });

  afterEach(async () => {
    await shim?.stop();
    // A cgroup with a process cannot be removed, and a folder in which one writes neither.
    await waitUntilLeft(cgroup);
    await cgroup.remove();
    rmSync(root, { recursive: true, maxRetries: 10 });
  });

  function start(...args: string[]): void {
    const command = [...programCommand('kata-shim'), 'run', '--sandbox-id', ID, '--root', root, ...args];
    shim = runCommand(['/bin/sh', '-c', ENTER_AND_RUN, cgroup.directories.join(' '), ...command]);
  }

  async function read(): Promise<readonly ReferenceSeries[]> {
    const request = { path: '/metrics', timeoutMs: 20_000, maxBytes: 10_000_000 } as const;
    const response = await getFromShim({ socketPath: join(root, ID, 'shim-monitor.sock'), ...request });
    return response.kind === 'ok' ? parseAnswer(response.body.toString()).series : [];
  }

  /** After several responses, so that the start has ended. */
  async function waitUntilSettled(): Promise<void> {
    let ups = 0;
    await waitUntil(async () => {
      ups = findValue(await read(), 'kata_shim_agent_up') === 1 ? ups + 1 : 0;
      return ups === 5;
    });
  }

  /**
   * Of the cgroup and those below it, without pages of files: which of those it is charged for depends on what the page
   * cache had before, and they are no overhead. Undefined where the kernel does not charge memory here.
   */
  function readChargedBytes(): number | undefined {
    const directory = cgroup.directories.find((path) => existsSync(join(path, 'memory.stat')));
    if (directory === undefined) {
      return undefined;
    }
    const usage = ['memory.usage_in_bytes', 'memory.current'].find((name) => existsSync(join(directory, name)))!;
    const stat = new Map(readLines(join(directory, 'memory.stat')).map((line) => line.split(' ') as [string, string]));
    const findBytes = (v1: string, v2: string): number => Number(stat.get(v1) ?? stat.get(v2));
    const files = findBytes('total_cache', 'file') - findBytes('total_shmem', 'shmem');
    return Number(readLines(join(directory, usage))[0]) - files;
  }

  /** Reads the cgroup on both sides of the response: under load the guest grows in between. */
  async function expectAgreement(readUsedBytes: (series: readonly ReferenceSeries[]) => number): Promise<void> {
    await waitUntilSettled();
    let before: number | undefined;
    let after: number | undefined;
    let series: readonly ReferenceSeries[] = [];
    // An agent on a busy machine may miss one.
    await waitUntil(async () => {
      before = readChargedBytes();
      series = await read();
      after = readChargedBytes();
      return findValue(series, 'kata_shim_agent_up') === 1;
    });
    const overhead = findValue(series, 'kata_shim_pod_overhead_memory_in_bytes')!;
    expect(overhead).toBeGreaterThan(0);
    if (before === undefined || after === undefined) {
      return;
    }
    const used = readUsedBytes(series);
    const [least, most] = [Math.min(before, after) - used, Math.max(before, after) - used];
    const [shown, from, to] = [overhead, least, most].map((bytes) => (bytes / 2 ** 20).toFixed(1));
    process.stdout.write(`overhead ${shown} MiB, cgroup ${from} to ${to}\n`);
    expect(overhead).toBeGreaterThan(least * (1 - MAX_DIFFERENCE));
    expect(overhead).toBeLessThan(most * (1 + MAX_DIFFERENCE));
  }

  it.skipIf(missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils']).length > 0)(
    'of a virtual machine is what its cgroup is charged for, less what the guest uses',
    async () => {
      const { kernelPath, initrdPath } = await provideGuest();
      start(
        '--hypervisor=qemu',
        '--accelerator=tcg',
        '--agent-timeout=8s',
        `--kernel=${kernelPath}`,
        `--initrd=${initrdPath}`,
      );
      await expectAgreement((series) => {
        const guest = (item: string): number => findValue(series, 'kata_guest_meminfo', { item })!;
        return guest('mem_total') - guest('mem_available');
      });
    },
  );

  it('of a sandbox without one is what its cgroup is charged for, less its workload', async () => {
    start('--hypervisor=process');
    // The workload, `sleep`, uses less than a hundredth of what the shim and the agent do.
    await expectAgreement(() => 0);
  });
});
