/**
 * What an operator sees of the whole life of a guest, over a real virtual machine: it boots, is paused, goes on, is reset,
 * runs out of memory and panics. `kata_sandbox_guest_up`, `kata-metrics ls` and the state on the page show each state, and `kata-metrics
 * events` all of it. SIGSTOP of QEMU stops the guest's CPUs; the shim and its socket go on.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventList, SandboxEvent, Snapshot } from '../../src/api/index.ts';
import { waitUntil } from '../support/processes.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { parseAnswer, type ReferenceSeries } from '../support/reference-exposition.ts';
import { missingPackages } from '../support/requirements.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';
import { makeSecondMonitor, type SecondMonitor } from '../support/second-qemu-monitor.ts';
import { findValue, startVirtualSandboxWith, type VirtualSandbox } from '../support/virtual-sandbox.ts';

describe.skipIf(missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils']).length > 0)(
  'a guest that boots, is paused, is reset, runs out of memory and panics',
  () => {
    let sandbox: VirtualSandbox;
    let monitor: RunningProgram;
    let url: string;
    let events: RunningProgram;
    let qemuMonitor: SecondMonitor;

    beforeAll(async () => {
      const image = await provideGuest();
      const root = await mkdtemp(join(tmpdir(), 'km-'));
      monitor = runProgram('kata-monitor', ['--listen-address=127.0.0.1:0', `--sandboxes-root=${root}`]);
      url = await monitor.waitForLine(pickUrl);
      events = runProgram('kata-metrics', ['events', '--follow', '-o=json', `--url=${url}`]);
      qemuMonitor = await makeSecondMonitor();
      sandbox = startVirtualSandboxWith(qemuMonitor.env, root, image, '--memory=320');
      await waitUntil(() => existsSync(join(sandbox.path, 'shim-monitor.sock')));
    });

    afterAll(async () => {
      await events?.stop();
      await monitor?.stop();
      await sandbox?.dispose();
      await qemuMonitor?.dispose();
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

    /** Resolves when both show that. A guest under TCG may respond late. */
    async function seeUntil(expected: Omit<Seen, 'up'>): Promise<void> {
      await waitUntil(async () => isDeepStrictEqual(await see(), { up: 1, ...expected }));
    }

    const running = { guestUp: 1, table: 'running', ls: 'running' };

    it('is booting at first, and then runs', async () => {
      await sandbox.shim.waitForLine((line) => (line.includes('Serving on') ? line : undefined));
      expect(await see()).toEqual({ up: 1, guestUp: 0, table: 'booting', ls: 'booting' });
      await sandbox.waitForAgent();
      await seeUntil(running);
    });

    it('is paused from the first scrape after SIGSTOP on, and its host metrics go on', async () => {
      const pid = sandbox.findPid('qemu-system-x86_64');
      process.kill(pid, 'SIGSTOP');
      // Each thread stops when it gets a CPU for that.
      await waitUntil(() => globSync(`/proc/${pid}/task/*/stat`).every((path) => readStateAt(path) === 'T'));
      const paused = { guestUp: 0, table: 'paused', ls: 'paused' };
      expect(await see()).toMatchObject(paused);
      await seeUntil(paused);
      const { series } = parseAnswer(await (await fetch(`${url}/metrics`)).text());
      expect(findValue(series, 'kata_hypervisor_proc_status', { item: 'vmrss' })).toBeGreaterThan(0);
    });

    it('runs again after SIGCONT', async () => {
      process.kill(sandbox.findPid('qemu-system-x86_64'), 'SIGCONT');
      await sandbox.waitForAgent();
      await seeUntil(running);
    });

    it('begins its counters again after a reset of the machine, and those of the host go on', async () => {
      // The first response with values of the guest.
      const readGuest = async (): Promise<readonly ReferenceSeries[]> => {
        let series: readonly ReferenceSeries[] = [];
        await waitUntil(async () => {
          series = parseAnswer(await (await fetch(`${url}/metrics`)).text()).series;
          return findValue(series, 'kata_sandbox_guest_uptime_seconds') !== undefined;
        });
        return series;
      };
      // The whole disk, of which a boot reads a part. Not the uptime: the clock of an emulated guest runs too fast on a busy machine.
      await sandbox.runInGuest('busybox cat /dev/vda >/dev/null');
      const before = await readGuest();
      await qemuMonitor.execute('system_reset');
      await waitUntil(async () => (await listEvents()).some(({ kind }) => kind === 'restarted'));
      const after = await readGuest();
      expect([before, after].map((series) => findValue(series, 'kata_sandbox_restarts_total'))).toEqual([0, 1]);
      const [earlier, later] = [before, after].map((series) =>
        findValue(series, 'kata_sandbox_disk_read_bytes_total', { device: 'vda' }),
      );
      expect(later).toBeGreaterThan(0);
      expect(later).toBeLessThan(earlier!);
      expect(findValue(after, 'kata_hypervisor_guest_events_total', { event: 'reset' })).toBeGreaterThan(0);
      // Whatever is counted on the host is of the same epoch.
      const keyOf = ({ name, labels }: ReferenceSeries): string => JSON.stringify([name, labels.toSorted()]);
      const counted = before.filter(({ name }) => /^kata_(?:hypervisor|monitor|shim)_\w*_total$/.test(name));
      const known = new Map(after.map((series) => [keyOf(series), series.value]));
      const fallen = counted.filter((series) => known.get(keyOf(series))! < series.value).map(keyOf);
      expect(counted.length).toBeGreaterThan(10);
      expect(fallen).toEqual([]);
    });

    it('has a process killed when its memory runs out, and panics', async () => {
      // Its shell reads on when the kernel has killed the largest process.
      await sandbox.runInGuest('busybox tail /dev/zero >/dev/null 2>&1');
      await waitUntil(async () => (await listEvents()).some(({ kind }) => kind === 'oom_kill'));
      void sandbox.runInGuest('echo c >/proc/sysrq-trigger').catch(() => undefined);
      await sandbox.shim.ended;
      await waitUntil(async () => (await listEvents()).some(({ kind }) => kind === 'ended'));
    });

    it('has told all of it by `kata-metrics events -o json`', async () => {
      const { stdout, code } = await events.stop();
      const told = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as SandboxEvent);
      expect(code).toBe(0);
      // A guest under TCG may respond late, also when it runs again, and a kernel may kill more than once.
      const goesOn = ['unresponsive', 'healthy', 'resumed'];
      const kinds = told.map(({ kind }) => kind).filter((kind) => !goesOn.includes(kind));
      const expected = ['appeared', 'ready', 'paused', 'restarted', 'ready', 'oom_kill', 'panic', 'ended'];
      expect(kinds.filter((kind, i) => kind !== kinds[i - 1])).toEqual(expected);
      const paused = told.findIndex(({ kind }) => kind === 'paused');
      expect(told.slice(paused).some(({ kind }) => kind === 'resumed' || kind === 'healthy')).toBe(true);
      expect(told.every((event) => event.sandbox === sandbox.id)).toBe(true);
      const [appeared, ready] = ['appeared', 'ready'].map((kind) => told.find((event) => event.kind === kind)!);
      // As the shim reports it, not when a request has found it.
      expect(ready!.timeSeconds).toBeGreaterThan(appeared!.timeSeconds);
      const ended = told.at(-1)!;
      expect(ended).toMatchObject({ reason: 'panicked', message: expect.stringContaining('Kernel panic') });
      expect(ended.totals!.lifetimeSeconds).toBeGreaterThan(1);
      expect(ended.totals!.hostCpuSeconds).toBeGreaterThan(1);
      const { series } = parseAnswer(await (await fetch(`${url}/metrics`)).text());
      expect(findValue(series, 'kata_sandbox_starts_total')).toBe(1);
      expect(findValue(series, 'kata_sandbox_agent_ready_duration_seconds_count')).toBe(1);
    });

    function readStateAt(path: string): string | undefined {
      try {
        return /\) (\w) /.exec(readFileSync(path, 'utf8'))?.[1];
      } catch {
        // A thread that has ended since it was listed.
        return 'T';
      }
    }

    async function listEvents(): Promise<readonly SandboxEvent[]> {
      const response = await fetch(`${url}/events`, { headers: { accept: 'application/json' } });
      return ((await response.json()) as EventList).events;
    }
  },
);
