/**
 * `kata-metrics up` over two virtual machines: the metrics of two guests with kernels of their own, a load on one of them
 * that no other shows, and the page over both in a real browser.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSourcePage } from '../../scripts/build-page.ts';
import { formatBytes } from '../../src/view/index.ts';
import { startChromium } from '../support/chromium.ts';
import { runInConsole } from '../support/debug-console.ts';
import { createMark } from '../support/marked-processes.ts';
import { waitUntil } from '../support/processes.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { parseAnswer, type ReferenceSeries } from '../support/reference-exposition.ts';
import { missingPackages } from '../support/requirements.ts';
import { type RunningProgram, runProgram } from '../support/run-program.ts';
import { openShownNode, type Shown } from '../support/shown-node.ts';
import { findValue } from '../support/virtual-sandbox.ts';

const MEMORY_MIB = 448;
const MIB = 1024 * 1024;
const SECTOR_BYTES = 512;
/** What the kernel keeps for itself of the memory that a machine has. */
const KERNEL_MIB = 64;
/** From the built guest to metrics of two machines: 15 s on a machine that does nothing else, minutes on a busy one. */
const MAX_START_MS = 240_000;

const LOADS = [
  '(while :; do :; done) </dev/null >/dev/null 2>&1 &',
  'busybox dd if=/dev/zero of=/dev/shm/load bs=1M count=100',
  'busybox dd if=/dev/zero of=/dev/vda bs=1M count=50 conv=fsync',
  // In the guest, for repeated requests would be a load, and on both.
  'busybox sleep 5',
];

interface Use {
  readonly busyMs: number;
  readonly freeMib: number;
  readonly writtenMib: number;
}

describe.skipIf(missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils']).length > 0)(
  'two virtual machines',
  () => {
    const { env, list } = createMark();
    let empty: string;
    let program: RunningProgram;
    let startMs: number;
    let url: string;
    let root: string;
    let ids: readonly string[];

    beforeAll(async () => {
      empty = mkdtempSync(join(tmpdir(), 'km-'));
      await Promise.all([provideGuest(), buildSourcePage()]);
      startMs = performance.now();
      program = runProgram(
        'kata-metrics',
        [
          ...['up', '--hypervisor=qemu', '--sandboxes=2', `--memory=${MEMORY_MIB}`, '--cpus=2', '--debug-console'],
          ...['--listen-address=127.0.0.1:0', `--sandboxes-root=${empty}`],
        ],
        env,
      );
      let stdout = '';
      program.child.stdout!.on('data', (piece: string) => {
        stdout += piece;
      });
      await waitUntil(() => stdout.includes('\nPress Ctrl-C to stop.') || program.child.exitCode !== null);
      url = /http:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0] ?? '';
      root = /sandboxes in (\S+):/.exec(stdout)?.[1] ?? '';
      await waitUntil(async () => {
        const up = (await read()).filter(({ name, value }) => name === 'kata_shim_agent_up' && value === 1);
        ids = up.map(({ labels }) => new Map(labels).get('sandbox_id')!);
        return ids.length === 2;
      });
    });

    afterAll(async () => {
      await program.stop();
      rmSync(empty, { recursive: true });
    });

    async function read(): Promise<readonly ReferenceSeries[]> {
      return parseAnswer(await (await fetch(`${url}/metrics`)).text()).series;
    }

    /** Of a guest that responds: where the host is busy, a scrape may be over before an emulated guest has responded. */
    async function readUse(sandboxId: string): Promise<Use> {
      let series: readonly ReferenceSeries[] = [];
      await waitUntil(async () => {
        series = await read();
        return findValue(series, 'kata_sandbox_guest_up', { sandbox_id: sandboxId }) === 1;
      });
      const find = (name: string, labels: Readonly<Record<string, string>>): number =>
        findValue(series, name, { ...labels, sandbox_id: sandboxId }) ?? Number.NaN;
      const cpu = (item: string): number => find('kata_guest_cpu_time', { cpu: 'total', item });
      return {
        busyMs: cpu('user') + cpu('system'),
        freeMib: find('kata_guest_meminfo', { item: 'mem_available' }) / MIB,
        writtenMib: (find('kata_guest_diskstat', { disk: 'vda', item: 'sectors_written' }) * SECTOR_BYTES) / MIB,
      };
    }

    it('report metrics of two guests and of two processes of QEMU, soon after the guest was built', async () => {
      expect(performance.now() - startMs).toBeLessThan(MAX_START_MS);
      let series: readonly ReferenceSeries[] = [];
      await waitUntil(async () => {
        series = await read();
        return series.filter(({ name, value }) => name === 'kata_sandbox_guest_up' && value === 1).length === 2;
      });
      const each = (name: string, labels: Readonly<Record<string, string>> = {}): (number | undefined)[] =>
        ids.map((id) => findValue(series, name, { ...labels, sandbox_id: id }));

      expect(new Set(each('kata_guest_uptime_seconds')).size).toBe(2);
      expect(Math.max(...each('kata_guest_uptime_seconds').map(Number))).toBeLessThan(MAX_START_MS / 1000);
      for (const total of each('kata_guest_meminfo', { item: 'mem_total' })) {
        expect(total).toBeLessThan(MEMORY_MIB * MIB);
        expect(total).toBeGreaterThan((MEMORY_MIB - KERNEL_MIB) * MIB);
      }
      for (const id of ids) {
        const cpus = series
          .filter(({ name, labels }) => name === 'kata_guest_cpu_time' && new Map(labels).get('sandbox_id') === id)
          .map(({ labels }) => new Map(labels).get('cpu'));
        expect([...new Set(cpus)].sort()).toEqual(['0', '1', 'total']);
      }
      expect(list().filter(({ args: [name = ''] }) => name.endsWith('qemu-system-x86_64'))).toHaveLength(2);
      expect(each('kata_hypervisor_proc_status', { item: 'vmrss' }).map((kib) => kib! > 100 * 1024)).toEqual([
        true,
        true,
      ]);
      expect(each('kata_shim_sandbox_info', { hypervisor: 'qemu' })).toEqual([1, 1]);
    });

    it('show a load on one of them in its metrics and in no others', async () => {
      const [loaded = '', idle = ''] = ids;
      const [loadedBefore, idleBefore] = await Promise.all([readUse(loaded), readUse(idle)]);
      for (const command of LOADS) {
        await runInConsole(join(root, loaded, 'console.sock'), command);
      }
      const [after, idleAfter] = await Promise.all([readUse(loaded), readUse(idle)]);
      const busyMs = after.busyMs - loadedBefore.busyMs;
      expect(busyMs).toBeGreaterThan(4_000);
      expect(loadedBefore.freeMib - after.freeMib).toBeGreaterThan(90);
      expect(after.writtenMib - loadedBefore.writtenMib).toBeCloseTo(50, 1);

      // An emulated guest that does nothing is busy for a tenth of the time with its timers and with requests; on a busy host
      // it counts the time for which it waits for a CPU too. A load in it would be all of the time.
      expect(idleAfter.busyMs - idleBefore.busyMs).toBeLessThan(busyMs / 2);
      expect(Math.abs(idleBefore.freeMib - idleAfter.freeMib)).toBeLessThan(20);
      expect(idleAfter.writtenMib).toBe(idleBefore.writtenMib);
    });

    it.skipIf(missingPackages(['chromium']).length > 0)(
      'are on the page with the values of the metrics of the same moment, and with a guest that is paused and goes on',
      async () => {
        const [paused = ''] = ids;
        const browser = await startChromium();
        const qemu = list().find(({ args }) => args[0]?.includes('qemu-system') && args.join(' ').includes(paused));
        try {
          const shown = await openShownNode(browser, url);
          const [metrics, seen] = await findSameMoment(shown.next);
          expect(Object.keys(seen.cells).sort()).toEqual([...ids].sort());
          for (const id of ids) {
            const value = (name: string) => findValue(metrics, name, { sandbox_id: id });
            expect(seen.cells[id]).toMatchObject({
              state: '● running',
              memory: `${formatBytes(value('kata_sandbox_memory_working_set_bytes'))} / ${formatBytes(value('kata_sandbox_memory_total_bytes'))}`,
              host: formatBytes(value('kata_sandbox_host_memory_bytes')),
              overhead: formatBytes(value('kata_sandbox_overhead_memory_bytes')),
            });
            const before = seen.previous!.sandboxes.find((sandbox) => sandbox.id === id)!;
            const busySeconds = value('kata_sandbox_cpu_usage_seconds_total')! - before.cpu.usageSecondsTotal!;
            const seconds = value('kata_sandbox_guest_uptime_seconds')! - before.uptimeSeconds!;
            expect(seen.cells[id]!['cpu']).toBe(`${(busySeconds / seconds).toFixed(2)} / 2`);
          }
          // The load of the test before.
          expect(Number.parseFloat(seen.cells[paused]!['cpu']!)).toBeGreaterThan(0.5);

          await shown.next();
          process.kill(qemu!.pid, 'SIGSTOP');
          // The collection of the next one may have begun before.
          const stateOf = async () => (await shown.next()).cells[paused]!['state'];
          await expect.poll(stateOf).toBe('‖ paused');
          const badge = shown.page.locator(`tr[data-id="${paused}"] .state`);
          expect(await badge.getAttribute('data-healthy')).toBe('false');
          process.kill(qemu!.pid, 'SIGCONT');
          await waitUntil(async () => (await shown.next()).cells[paused]!['state'] === '● running');
        } finally {
          process.kill(qemu!.pid, 'SIGCONT');
          await browser.close();
        }
      },
    );

    /** A snapshot that the page has shown, and a scrape that shared its collection: the guests have the same uptime. */
    async function findSameMoment(next: () => Promise<Shown>): Promise<[readonly ReferenceSeries[], Shown]> {
      const uptimeOf = (scrape: readonly ReferenceSeries[], id: string) =>
        findValue(scrape, 'kata_sandbox_guest_uptime_seconds', { sandbox_id: id });
      for (;;) {
        const scrapes: (readonly ReferenceSeries[])[] = [];
        let seen: Shown | undefined;
        const shown = next().then((value) => {
          seen = value;
        });
        // Without a pause, so that the collection of the page finds one in progress.
        while (seen === undefined) {
          scrapes.push(await read());
        }
        await shown;
        const { sandboxes } = (seen as Shown).snapshot;
        // A rate needs two snapshots, and a guest that was slow has none.
        const hasRates = Object.values((seen as Shown).cells).every(({ cpu = '' }) => /^\d/.test(cpu));
        const same = scrapes.find((scrape) =>
          sandboxes.every(({ id, uptimeSeconds }) => uptimeOf(scrape, id) === uptimeSeconds),
        );
        if (same !== undefined && hasRates) {
          return [same, seen];
        }
      }
    }

    it('leave nothing when they are ended', async () => {
      program.child.kill('SIGINT');
      expect((await program.ended).code).toBe(0);
      await waitUntil(() => list().length === 0);
      expect(existsSync(root)).toBe(false);
    });
  },
);
