/**
 * Why a pod is slow or died: two virtual machines, and each trouble caused in one of them. The series of that one move, and
 * those of the other one do not. With TROUBLE_TABLE=<file>, the rows of the table in docs/trouble.md are appended to a file.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGuestContainer, startInGuestContainer } from '../support/guest-container.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { parseAnswer, type ReferenceSeries } from '../support/reference-exposition.ts';
import { missingPackages } from '../support/requirements.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';
import { findValue, startVirtualSandbox, type VirtualSandbox } from '../support/virtual-sandbox.ts';

const WEB = 'web';
const CGROUP = `/sys/fs/cgroup/${WEB}`;
const QEMU = 'qemu-system-x86_64';

interface Watched {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** The least rise that is waited for. */
  readonly rise: number;
  /** What the other machine may have of that rise: it runs its agent, on a busy host. Default: nothing. */
  readonly otherShare?: number;
}

interface Trouble {
  readonly event: string;
  /** Runs in a container of the first machine until the series have moved. */
  readonly command: string;
  readonly series: readonly Watched[];
}

/** An emulated agent needs part of a second for each scrape. */
const SCRAPE_PAUSE_MS = 1_000;

async function waitByScrapes(isReached: () => Promise<boolean>): Promise<void> {
  while (!(await isReached())) {
    await pause(SCRAPE_PAUSE_MS);
  }
}

/** Less than the time limit of a test. */
const PATIENCE_MS = 240_000;

const labels = { container_id: WEB };
const SMALL = 0.25;
/** So that the agent still gets its share of the only CPU. */
const LITTLE_WEIGHT = `echo 1 >${CGROUP}/cpu.weight`;

const troubles: readonly Trouble[] = [
  {
    event: 'CPU: three busy loops on one CPU',
    command: `${LITTLE_WEIGHT}; for i in 1 2 3; do (while :; do :; done) & done; wait`,
    series: [
      { name: 'kata_guest_pressure_cpu_waiting_seconds_total', rise: 2, otherShare: SMALL },
      { name: 'kata_guest_container_pressure_cpu_waiting_seconds_total', labels, rise: 2 },
    ],
  },
  {
    event: 'CPU limit: a busy loop with 0.2 CPUs',
    command: `echo 20000 >${CGROUP}/cpu.max; while :; do :; done`,
    series: [
      { name: 'kata_guest_container_cpu_cfs_throttled_periods_total', labels, rise: 5 },
      { name: 'kata_guest_container_cpu_cfs_throttled_seconds_total', labels, rise: 0.3 },
    ],
  },
  {
    event: 'memory: a container above memory.high',
    command: `echo 8M >${CGROUP}/memory.high; while :; do busybox dd if=/dev/zero of=/dev/shm/web bs=1M count=24; done`,
    series: [
      { name: 'kata_guest_pressure_memory_waiting_seconds_total', rise: 0.3, otherShare: SMALL },
      { name: 'kata_guest_container_pressure_memory_waiting_seconds_total', labels, rise: 0.3 },
      { name: 'kata_guest_container_pressure_memory_stalled_seconds_total', labels, rise: 0.3 },
    ],
  },
  {
    event: 'I/O: direct writes and reads of a disk',
    command: `${LITTLE_WEIGHT}; while :; do busybox dd if=/dev/zero of=/dev/vda bs=4k count=2048 oflag=direct; busybox dd if=/dev/vda of=/dev/null bs=4k iflag=direct; done`,
    series: [
      { name: 'kata_guest_pressure_io_waiting_seconds_total', rise: 0.1, otherShare: SMALL },
      { name: 'kata_guest_container_pressure_io_waiting_seconds_total', labels, rise: 0.1 },
      { name: 'kata_sandbox_disk_written_bytes_total', labels: { device: 'vda' }, rise: 1e6 },
    ],
  },
  {
    event: 'OOM kill: a container above memory.max',
    command: `echo 16M >${CGROUP}/memory.max; x=01234567; while :; do x=$x$x; done`,
    series: [
      { name: 'kata_sandbox_oom_kills_total', rise: 1 },
      { name: 'kata_guest_container_oom_kills_total', labels, rise: 1 },
    ],
  },
];

const END = `echo 1 >${CGROUP}/cgroup.kill; for f in cpu.max memory.high memory.max; do echo max >${CGROUP}/$f; done; busybox rm -f /dev/shm/web`;

describe.skipIf(missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils']).length > 0)(
  'trouble in one of two virtual machines',
  () => {
    let troubled: VirtualSandbox;
    let other: VirtualSandbox;
    let monitor: RunningProgram;
    let url: string;

    beforeAll(async () => {
      const image = await provideGuest();
      const options = [`--container=${WEB}`, '--disk=32', '--memory=320', '--agent-timeout=8s'];
      [troubled, other] = await Promise.all([
        startVirtualSandbox(image, ...options),
        startVirtualSandbox(image, ...options),
      ]);
      const roots = [troubled, other].map(({ root }) => `--sandboxes-root=${root}`);
      monitor = runProgram('kata-monitor', ['--listen-address=127.0.0.1:0', '--shim-timeout=9s', ...roots]);
      url = await monitor.waitForLine(pickUrl);
      await Promise.all(
        [troubled, other].map(async (machine) => {
          await machine.waitForAgent();
          await makeGuestContainer(machine, WEB);
        }),
      );
    });

    afterAll(async () => {
      await monitor?.stop();
      await Promise.all([troubled?.dispose(), other?.dispose()]);
    });

    const scrape = async (): Promise<readonly ReferenceSeries[]> =>
      parseAnswer(await (await fetch(`${url}/metrics`)).text()).series;
    const readValue = (
      series: readonly ReferenceSeries[],
      watched: Pick<Watched, 'labels' | 'name'>,
      { id }: VirtualSandbox,
    ): number => findValue(series, watched.name, { ...watched.labels, sandbox_id: id }) ?? Number.NaN;

    function report(event: string, series: string, rises: readonly [number, number], sinceMs: number): void {
      const file = process.env['TROUBLE_TABLE'];
      if (file !== undefined) {
        const [rise, otherRise] = rises.map((each) => String(Math.round(each * 1000) / 1000));
        const delay = ((performance.now() - sinceMs) / 1000).toFixed(1);
        appendFileSync(file, `| ${event} | \`${series}\` | ${rise} | ${otherRise} | ${delay} |\n`);
      }
    }

    /** Scrapes in which the agents of both machines have responded: an emulated guest on a busy host misses some. */
    async function scrapeBoth(series: readonly Watched[]): Promise<readonly ReferenceSeries[]> {
      let found: readonly ReferenceSeries[] = [];
      await waitByScrapes(async () => {
        found = await scrape();
        return series.every((each) =>
          [troubled, other].every((machine) => Number.isFinite(readValue(found, each, machine))),
        );
      });
      return found;
    }

    it.each(troubles)('$event', async ({ event, command, series }) => {
      const before = await scrapeBoth(series);
      const beginMs = performance.now();
      await startInGuestContainer(troubled, WEB, command);
      const left = new Set(series);
      while (left.size > 0) {
        const now = await scrapeBoth([...left]);
        for (const each of left) {
          const [rise, otherRise] = [troubled, other].map(
            (machine) => readValue(now, each, machine) - readValue(before, each, machine),
          ) as [number, number];
          // On a busy host, the agent of the other machine needs some time at first, but not for ever.
          const isWaitedFor = otherRise > rise * (each.otherShare ?? 0) && each.otherShare !== undefined;
          if (rise >= each.rise && (!isWaitedFor || performance.now() - beginMs > PATIENCE_MS)) {
            report(event, each.name, [rise, otherRise], beginMs);
            left.delete(each);
            expect(otherRise, each.name).toBeLessThanOrEqual(rise * (each.otherShare ?? 0));
          }
        }
      }
      await troubled.runInGuest(END);
    });

    it('a pause, and its end', async () => {
      const guestUp = { name: 'kata_sandbox_guest_up' };
      const paused = { name: 'kata_sandbox_state', labels: { state: 'paused' } };
      const beginMs = performance.now();
      process.kill(troubled.findPid(QEMU), 'SIGSTOP');
      await waitByScrapes(async () => {
        const now = await scrape();
        expect(readValue(now, paused, other)).toBe(0);
        return readValue(now, guestUp, troubled) === 0 && readValue(now, paused, troubled) === 1;
      });
      report('pause: SIGSTOP of QEMU', `${paused.name}{state="paused"}`, [1, 0], beginMs);
      process.kill(troubled.findPid(QEMU), 'SIGCONT');
      await waitByScrapes(async () => readValue(await scrape(), paused, troubled) === 0);
    });

    it('a panic, which is the reason of the end', async () => {
      const ended = { name: 'kata_sandbox_final_lifetime_seconds', labels: { reason: 'panicked' } };
      const reset = { name: 'kata_hypervisor_guest_events_total', labels: { event: 'reset' } };
      const beginMs = performance.now();
      void troubled.runInGuest('echo c >/proc/sysrq-trigger').catch(() => undefined);
      const { stderr } = await troubled.shim.ended;
      expect(stderr).toContain('(guest-panic)');
      let now: readonly ReferenceSeries[] = [];
      await waitByScrapes(async () => {
        now = await scrape();
        // A shim on a busy machine may miss a scrape.
        return readValue(now, ended, troubled) > 0 && Number.isFinite(readValue(now, reset, other));
      });
      report('panic: sysrq-trigger', `${ended.name}{reason="panicked"}`, [1, 0], beginMs);
      expect(readValue(now, ended, other)).toBeNaN();
      for (const event of ['crash_loaded', 'panicked', 'reset', 'shutdown', 'watchdog']) {
        const events = { name: 'kata_hypervisor_guest_events_total', labels: { event } };
        expect(readValue(now, events, other)).toBe(0);
      }
    });
  },
);
