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
import { canMakeCgroup, makeOwnCgroup } from '../support/own-cgroup.ts';
import { waitUntil } from '../support/processes.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { parseAnswer, type ReferenceSeries } from '../support/reference-exposition.ts';
import { missingPackages } from '../support/requirements.ts';
import { programCommand, type RunningProgram, runCommand } from '../support/run-program.ts';
import { findValue } from '../support/virtual-sandbox.ts';

const ID = 'measured';
const MAX_DIFFERENCE = 0.05;
const ENTER_AND_RUN = 'for d in $0; do echo $$ >"$d/cgroup.procs" || exit 9; done; exec "$@"';

describe.skipIf(!(await canMakeCgroup()))('the memory overhead', () => {
  let root: string;
  let cgroup: SandboxCgroup;
  let shim: RunningProgram;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'km-'));
    cgroup = (await makeOwnCgroup('overhead'))!;
  });

  afterEach(async () => {
    await shim?.stop();
    await cgroup.remove();
    rmSync(root, { recursive: true });
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

  /** In one response, after several, so that nothing of the start is under way. */
  async function readSettled(): Promise<readonly ReferenceSeries[]> {
    let ups = 0;
    await waitUntil(async () => {
      ups = findValue(await read(), 'kata_shim_agent_up') === 1 ? ups + 1 : 0;
      return ups === 5;
    });
    return read();
  }

  /** Of the cgroup and those below it; undefined where the kernel does not charge memory here. */
  function readChargedBytes(): number | undefined {
    const files = cgroup.directories.flatMap((directory) =>
      ['memory.usage_in_bytes', 'memory.current'].map((name) => join(directory, name)),
    );
    const file = files.find((path) => existsSync(path));
    return file === undefined ? undefined : Number(readFileSync(file, 'utf8'));
  }

  function expectAgreement(series: readonly ReferenceSeries[], usedBytes: number): void {
    const charged = readChargedBytes();
    const overhead = findValue(series, 'kata_shim_pod_overhead_memory_in_bytes')!;
    expect(overhead).toBeGreaterThan(0);
    if (charged !== undefined) {
      const expected = charged - usedBytes;
      process.stdout.write(
        `overhead ${(overhead / 2 ** 20).toFixed(1)} MiB, cgroup ${(expected / 2 ** 20).toFixed(1)}\n`,
      );
      expect(Math.abs(overhead - expected) / expected).toBeLessThan(MAX_DIFFERENCE);
    }
  }

  it.skipIf(missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils']).length > 0)(
    'of a virtual machine is what its cgroup is charged for, less what the guest uses',
    async () => {
      const { kernelPath, initrdPath } = await provideGuest();
      start('--hypervisor=qemu', '--accelerator=tcg', `--kernel=${kernelPath}`, `--initrd=${initrdPath}`);
      const series = await readSettled();
      const guest = (item: string): number => findValue(series, 'kata_guest_meminfo', { item })!;
      expectAgreement(series, guest('mem_total') - guest('mem_available'));
    },
  );

  it('of a sandbox without one is what its cgroup is charged for, less its workload', async () => {
    start('--hypervisor=process');
    // The workload, `sleep`, uses less than a hundredth of what the shim and the agent do.
    expectAgreement(await readSettled(), 0);
  });
});
