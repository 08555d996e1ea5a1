/**
 * What an operator sees of a guest that boots, is paused and goes on: `kata_sandbox_guest_up`, `kata-metrics ls` and the
 * table of `up`, over a real virtual machine. SIGSTOP of QEMU stops the guest's CPUs; the shim and its socket go on.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/api/index.ts';
import { waitUntilSlowly } from '../support/processes.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { missingPackages } from '../support/requirements.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';
import { findValue, startVirtualSandbox, type VirtualSandbox } from '../support/virtual-sandbox.ts';

describe.skipIf(missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils']).length > 0)(
  'a guest that is paused',
  () => {
    let sandbox: VirtualSandbox;
    let monitor: RunningProgram;
    let url: string;

    beforeAll(async () => {
      sandbox = await startVirtualSandbox(await provideGuest());
      monitor = runProgram('kata-monitor', ['--listen-address=127.0.0.1:0', `--sandboxes-root=${sandbox.root}`]);
      url = await monitor.waitForLine(pickUrl);
      await waitUntilSlowly(() => existsSync(join(sandbox.path, 'shim-monitor.sock')));
    });

    afterAll(async () => {
      await monitor?.stop();
      await sandbox?.dispose();
    });

    interface Seen {
      readonly up: number | undefined;
      readonly guestUp: number | undefined;
      /** On the page, in `top` and in the table of `up`. */
      readonly table: string | undefined;
      readonly ls: string;
    }

    /** One scrape, and one `ls` after it. */
    async function see(): Promise<Seen> {
      const body = await (await fetch(`${url}/metrics`)).text();
      const { series } = parseAnswer(body);
      const { sandboxes } = (await (await fetch(`${url}/api/v1/sandboxes`)).json()) as Snapshot;
      const { stdout } = await runProgram('kata-metrics', ['ls', `--sandboxes-root=${sandbox.root}`, '-o=json']).ended;
      const [row] = JSON.parse(stdout) as { state: string }[];
      return {
        up: findValue(series, 'kata_sandbox_up'),
        guestUp: findValue(series, 'kata_sandbox_guest_up'),
        table: sandboxes[0]?.state,
        ls: row!.state,
      };
    }

    it('is booting at first, and then runs', async () => {
      await sandbox.shim.waitForLine((line) => (line.includes('Serving on') ? line : undefined));
      expect(await see()).toEqual({ up: 1, guestUp: 0, table: 'booting', ls: 'booting' });
      await sandbox.waitForAgent();
      expect(await see()).toEqual({ up: 1, guestUp: 1, table: 'running', ls: 'running' });
    });

    it('is paused from the first scrape after SIGSTOP on, and its host metrics go on', async () => {
      process.kill(sandbox.findPid('qemu-system-x86_64'), 'SIGSTOP');
      const paused = { up: 1, guestUp: 0, table: 'paused', ls: 'paused' };
      expect(await see()).toEqual(paused);
      expect(await see()).toEqual(paused);
      const { series } = parseAnswer(await (await fetch(`${url}/metrics`)).text());
      expect(findValue(series, 'kata_hypervisor_proc_status', { item: 'vmrss' })).toBeGreaterThan(0);
    });

    it('runs again after SIGCONT', async () => {
      process.kill(sandbox.findPid('qemu-system-x86_64'), 'SIGCONT');
      await sandbox.waitForAgent();
      expect(await see()).toEqual({ up: 1, guestUp: 1, table: 'running', ls: 'running' });
    });
  },
);
