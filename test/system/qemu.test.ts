/**
 * Sandboxes that are virtual machines, with real ones: what they say, and that nothing is left of them, whatever ends
 * them. Each of them boots once for all that is tested before it is ended.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LastWords, listMailbox, mailboxOf, openMailbox, readLastWords } from '../../src/last-words/index.ts';
import type { GuestImage } from '../../src/shim/index.ts';
import { dcgmText, NODE_EXPORTER_PACKAGE, startGuestExporters } from '../support/guest-exporters.ts';
import { waitUntil } from '../support/processes.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { missingPackages } from '../support/requirements.ts';
import { pickUrl, runProgram } from '../support/run-program.ts';
import {
  findValue,
  startVirtualSandbox,
  startVirtualSandboxIn,
  type VirtualSandbox,
} from '../support/virtual-sandbox.ts';

const PACKAGES = ['qemu-system-common', 'qemu-system-x86', 'busybox-static', 'erofs-utils'];
const MIB = 1024 * 1024;
const QEMU = 'qemu-system-x86_64';

describe.skipIf(missingPackages(PACKAGES).length > 0)('a sandbox that is a virtual machine', () => {
  let image: GuestImage;
  let sandbox: VirtualSandbox;

  beforeAll(async () => {
    image = await provideGuest();
  });

  describe('with two CPUs, 384 MiB, a disk and a shared directory', () => {
    let shared: string;

    beforeAll(async () => {
      shared = mkdtempSync(join(tmpdir(), 'km-'));
      writeFileSync(join(shared, 'from-host'), 'hello guest');
      const share = process.getuid!() === 0 ? [`--virtiofs=${shared}`] : [];
      // Go programs are slow in a guest without virtualization on a busy machine.
      const waits = ['--agent-timeout=20s'];
      sandbox = await startVirtualSandbox(image, '--cpus=2', '--memory=384', '--disk=64', ...waits, ...share);
      await sandbox.waitForAgent();
    });

    afterAll(async () => {
      await sandbox.dispose();
      rmSync(shared, { recursive: true });
    });

    it('says what the guest is: its own kernel, its memory, its CPUs, its disk', async () => {
      const series = await sandbox.waitForAgent();
      const total = findValue(series, 'kata_guest_meminfo', { item: 'mem_total' })!;
      expect(total).toBeGreaterThan(300 * MIB);
      expect(total).toBeLessThan(384 * MIB);
      const cpus = series
        .filter(({ name }) => name === 'kata_guest_cpu_time')
        .flatMap(({ labels }) => new Map(labels).get('cpu')!);
      expect([...new Set(cpus)].sort()).toEqual(['0', '1', 'total']);
      expect(findValue(series, 'kata_guest_diskstat', { disk: 'vda' })).toBeDefined();
      const hostUptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
      // Its own, not that of the host. A guest that boots on a busy machine takes minutes.
      expect(findValue(series, 'kata_guest_uptime_seconds')).toBeLessThan(Math.min(hostUptime, 600));
    });

    it('says what holds it', async () => {
      const info = (await sandbox.waitForAgent()).filter(({ name }) => name === 'kata_shim_sandbox_info');
      expect(info.map(({ labels, value }) => ({ ...Object.fromEntries(labels), value }))).toEqual([
        {
          hypervisor: 'qemu',
          hypervisor_version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
          agent_version: image.manifest.agentVersion,
          guest_kernel: image.manifest.kernelRelease,
          machine: 'q35',
          accelerator: 'tcg',
          value: 1,
        },
      ]);
    });

    it("reports the metrics of QEMU's process", async () => {
      const countThreads = (): number => {
        const status = readFileSync(`/proc/${sandbox.findPid(QEMU)}/status`, 'utf8');
        return Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]);
      };
      // Threads for its disks come and go.
      const read = async () => {
        const before = countThreads();
        const series = await sandbox.readSeries();
        const counts = new Set([before, findValue(series, 'kata_hypervisor_threads'), countThreads()]);
        return { counts, rssKib: findValue(series, 'kata_hypervisor_proc_status', { item: 'vmrss' }) };
      };
      await expect.poll(read).toEqual({
        counts: expect.toSatisfy(({ size }: Set<unknown>) => size === 1),
        rssKib: expect.toSatisfy((kib) => kib > 100 * 1024),
      });
    });

    // Debian's QEMU comes with virtiofsd, which only root can use.
    it.skipIf(process.getuid!() !== 0)('shares the directory, and reports the metrics of virtiofsd', async () => {
      expect(await sandbox.runInGuest('busybox cat /run/shared/from-host')).toContain('hello guest');
      await sandbox.runInGuest('echo hello host >/run/shared/from-guest');
      expect(readFileSync(join(shared, 'from-guest'), 'utf8')).toBe('hello host\n');
      const series = await sandbox.readSeries();
      expect(findValue(series, 'kata_virtiofsd_threads')).toBeGreaterThan(0);
    });

    it.skipIf(process.getuid!() !== 0 || missingPackages([NODE_EXPORTER_PACKAGE]).length > 0)(
      'has its exporters on /metrics/guest of the monitor, over a serial line',
      async () => {
        const places = { hostPath: shared, guestPath: '/run/shared', nodePort: 9100, dcgmPort: 9400 };
        await startGuestExporters(sandbox, places);
        const flags = ['--guest-exporter=node=9100,dcgm=9400,none=9999', '--shim-timeout=30s', '--scrape-timeout=40s'];
        // Without a mailbox, which would stay.
        const roots = ['--listen-address=127.0.0.1:0', `--sandboxes-root=${sandbox.root}`, '--last-words=off'];
        const monitor = runProgram('kata-monitor', [...flags, ...roots]);
        try {
          const url = `${await monitor.waitForLine(pickUrl)}/metrics/guest`;
          let body = '';
          await waitUntil(async () => {
            body = await (await fetch(url)).text();
            return body.match(/^kata_sandbox_exporter_up\{.*\} 1$/gm)?.length === 2;
          });
          parseAnswer(body);
          const pod = `sandbox_id="${sandbox.id}",cri_uid="",cri_name="",cri_namespace=""`;
          expect(body).toMatch(new RegExp(`^node_boot_time_seconds\\{${pod},exporter="node"\\} 1\\.\\d+e\\+09$`, 'm'));
          expect(body.match(/^node_cpu_seconds_total\{cpu="[01]",mode="user",/gm)).toHaveLength(2);
          expect(body).toContain(`node_uname_info{domainname="(none)",machine="x86_64"`);
          const dcgm = body.split('\n').filter((line) => line.startsWith('DCGM_'));
          const expected = dcgmText.split('\n').filter((line) => line.startsWith('DCGM_'));
          expect(dcgm.sort()).toEqual(expected.map((line) => line.replace('} ', `,${pod},exporter="dcgm"} `)).sort());
          expect(body).not.toContain('exporter="none"');
        } finally {
          await monitor.stop();
        }
      },
    );

    it('has its agent started again by the guest when it dies, and queries that one', async () => {
      const before = findValue(await sandbox.waitForAgent(), 'kata_agent_process_start_time_seconds');
      await sandbox.runInGuest('busybox kill -9 $(busybox pidof node)');
      await waitUntil(async () => {
        const after = findValue(await sandbox.waitForAgent(), 'kata_agent_process_start_time_seconds');
        return after !== undefined && after !== before;
      });
      expect(findValue(await sandbox.waitForAgent(), 'kata_agent_scrape_count')).toBeLessThan(10);
    });

    it('is ended by the power button when its shim ends, and nothing is left', async () => {
      sandbox.shim.child.kill('SIGTERM');
      const { code, stderr } = await sandbox.shim.ended;
      expect([code, stderr]).toEqual([0, expect.stringContaining('Ending: SIGTERM')]);
      expect(await sandbox.findLeftovers()).toEqual([]);
    });
  });

  describe('that ends otherwise', () => {
    let root: string;

    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'km-'));
      mkdirSync(mailboxOf(root));
      openMailbox(mailboxOf(root));
    });
    afterEach(() => sandbox.dispose());

    /** What is left when all processes have ended, but for the last words. */
    async function findLeftovers(): Promise<string[]> {
      const names = await sandbox.findLeftovers();
      return names.filter((name) => !name.startsWith('.last-words'));
    }

    /** They are for the monitor, which removes them. Called when all processes have ended. */
    async function takeWords(): Promise<LastWords> {
      const { paths, announcedIds } = await listMailbox(mailboxOf(root), Date.now());
      expect([paths.length, announcedIds.size]).toEqual([1, 0]);
      const { words, faults } = readLastWords(paths[0]!, Date.now());
      rmSync(paths[0]!);
      expect(faults).toEqual([]);
      // A machine under TCG needs more to load its kernel, and QEMU takes more memory.
      expect(words.values.hostCpuSeconds).toBeGreaterThan(0.3);
      expect(words.values.hostMemoryPeakBytes).toBeGreaterThan(20 * MIB);
      return words;
    }

    it('leaves nothing when QEMU is killed', async () => {
      sandbox = startVirtualSandboxIn(root, image);
      await sandbox.waitForAgent();
      process.kill(sandbox.findPid(QEMU), 'SIGKILL');
      const { code, stderr } = await sandbox.shim.ended;
      expect([code, stderr]).toEqual([1, expect.stringContaining('Ending: QEMU was ended by SIGKILL')]);
      expect(await findLeftovers()).toEqual([]);
      expect(await takeWords()).toMatchObject({ reason: 'failed', message: expect.stringContaining('SIGKILL') });
    });

    it('leaves nothing when its shim is killed, starts over in the same place, and nothing when the guest then dies', async () => {
      sandbox = startVirtualSandboxIn(root, image, '--disk=1');
      await sandbox.waitForAgent();
      sandbox.shim.child.kill('SIGKILL');
      // The socket stays: it tells the node monitor that a shim has died here.
      expect(await findLeftovers()).toEqual([sandbox.id, `${sandbox.id}/shim-monitor.sock`]);
      expect(await takeWords()).toMatchObject({ reason: 'shim_killed' });

      sandbox.startShim();
      await sandbox.waitForAgent();
      void sandbox.runInGuest('echo c >/proc/sysrq-trigger').catch(() => undefined);
      const { code, stderr } = await sandbox.shim.ended;
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(
          /Ending: QEMU ended with code 0 \(guest-panic\); on its console: .*Kernel panic - not syncing: sysrq/,
        ),
      ]);
      expect(await findLeftovers()).toEqual([]);
      expect(await takeWords()).toMatchObject({ reason: 'panicked' });
    });

    it('ends a machine that a killed shim and its killed guard have left, before it starts another', async () => {
      sandbox = startVirtualSandboxIn(root, image);
      await sandbox.shim.waitForLine((line) => line.includes('Serving on') || undefined);
      const left = sandbox.findPid(QEMU);
      // The guard first: it would end QEMU as soon as the shim is gone.
      for (const { pid } of sandbox.list().filter((each) => ![left, sandbox.shim.child.pid].includes(each.pid))) {
        process.kill(pid, 'SIGKILL');
      }
      sandbox.shim.child.kill('SIGKILL');
      await sandbox.shim.ended;
      expect(existsSync(`/proc/${left}`)).toBe(true);

      sandbox.startShim();
      await sandbox.shim.waitForLine((line) => line.includes('Serving on') || undefined);
      expect(sandbox.findPid(QEMU)).not.toBe(left);
      const { stderr } = await sandbox.shim.stop();
      expect(stderr).toContain('Ended the virtual machine of an earlier shim of this sandbox');
      expect(await findLeftovers()).toEqual([]);
      // Of the second one alone, which has the cgroups of the first.
      expect(await takeWords()).toMatchObject({ reason: 'stopped' });
    });

    it('leaves nothing when it is ended while it boots', async () => {
      sandbox = startVirtualSandboxIn(root, image);
      await waitUntil(() => sandbox.list().some(({ args: [name = ''] }) => name.endsWith(QEMU)));
      expect((await sandbox.shim.stop()).code).toBe(0);
      expect(await findLeftovers()).toEqual([]);
      const { paths } = await listMailbox(mailboxOf(root), Date.now());
      expect(paths.map((path) => readLastWords(path, Date.now()).words.reason)).toEqual(['stopped']);
    });
  });

  // A guest would wait for ever for files that no process serves.
  it.skipIf(process.getuid?.() !== 0)('says why it ends when virtiofsd is killed, and leaves nothing', async () => {
    const shared = mkdtempSync(join(tmpdir(), 'km-'));
    const machine = await startVirtualSandbox(image, `--virtiofs=${shared}`);
    try {
      await machine.shim.waitForLine((line) => line.includes('Serving on') || undefined);
      process.kill(machine.findPid('virtiofsd'), 'SIGKILL');
      const { code, stderr } = await machine.shim.ended;
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining('Ending: QEMU was ended because virtiofsd was ended by SIGKILL'),
      ]);
      expect(await machine.findLeftovers()).toEqual([]);
    } finally {
      await machine.dispose();
      rmSync(shared, { recursive: true });
    }
  });

  it('says why it cannot be started', async () => {
    const root = mkdtempSync(join(tmpdir(), 'km-'));
    const args = ['run', '--sandbox-id=vm', `--root=${root}`, '--hypervisor=qemu', '--accelerator=tcg'];
    const program = runProgram('kata-shim', [...args, `--kernel=${image.initrdPath}`, `--initrd=${image.initrdPath}`]);
    const { code, stderr } = await program.ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining('Cannot start the guest: QEMU ended with code 1: ')]);
    rmSync(root, { recursive: true });
  });
});
