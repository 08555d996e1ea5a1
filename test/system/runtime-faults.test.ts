/**
 * What goes wrong in pods and around them: an agent that is killed, a guest without memory, processes without number, a full
 * disk, a kernel that panics. Each costs its own pod at most, has a reason, and leaves nothing. Those that end a pod hit some
 * of many pods, which are made and removed meanwhile.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CriPods } from '../support/cri-pods.ts';
import { getOverUnix } from '../support/get-over-unix.ts';
import { BOOT_MS, PodRig, SLEEPING, sh } from '../support/pod-rig.ts';
import { type Leftovers, missingForRuntime, NO_LEFTOVERS, type RuntimeRig } from '../support/runtime-rig.ts';

const missing = missingForRuntime({ more: ['runc'] });
const title = `faults of pods in virtual machines${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const MANY_MS = 600_000;
/** Of all images and writable layers on the host. */
const DISK_MIB = 48;
const WAIT = { timeout: 90_000, interval: 200 };
const PODS = 20;
const PODS_AT_A_TIME = 4;

/** Faults that end a pod, and what the log of containerd has of each. */
const FAULTS = [
  ['QEMU is killed', 'has ended: QEMU was ended by SIGKILL'],
  ['virtiofsd is killed', 'has ended: QEMU was ended because virtiofsd was ended by SIGKILL'],
  ['the kernel of the guest panics', 'has ended: QEMU .*Kernel panic - not syncing: sysrq triggered crash'],
  ['the shim is killed', 'shim disconnected'],
] as const;
type Fault = (typeof FAULTS)[number][0];

/** Starts all of them, `atATime` concurrently, and gives the results as they come. */
function runAll<T>(count: number, atATime: number, run: (index: number) => Promise<T>): Promise<T>[] {
  const running: Promise<T>[] = [];
  for (let index = 0; index < count; index++) {
    // In the order of their start: each waits for one that started before it.
    const before = running[index - atATime];
    running.push(Promise.resolve(before?.catch(() => undefined)).then(() => run(index)));
  }
  for (const each of running) {
    // It is awaited later.
    each.catch(() => undefined);
  }
  return running;
}

describe.skipIf(missing.length > 0)(title, () => {
  let podRig: PodRig;
  let rig: RuntimeRig;
  let pods: CriPods;

  beforeAll(async () => {
    podRig = await PodRig.start(undefined, { diskMib: DISK_MIB });
    ({ rig, pods } = podRig);
  }, BOOT_MS);

  afterAll(() => podRig?.close(), BOOT_MS);

  describe('in one pod, which goes on until its agent is killed', () => {
    let pod: string;
    let steady: string;
    let before: Leftovers & { readonly descriptors: number; readonly guestCgroups: string };

    /** The most that a container has. */
    const countTasks = async (): Promise<number> => {
      const text = await getOverUnix(`${rig.sandboxesPath}/${pod}/shim-monitor.sock`, '/metrics');
      return Number(/^kata_guest_tasks\{item="max"\} (\d+)/m.exec(text)?.[1]);
    };

    /** Of the pod, which goes on; what a fault adds is a leftover. */
    const count = async (): Promise<typeof before> => ({
      ...rig.count(),
      descriptors: readdirSync(`/proc/${rig.findShim(pod)}/fd`).length,
      guestCgroups: (await pods.exec(steady, sh('busybox ls -d /sys/fs/cgroup/kata/*/ | busybox wc -l'))).stdout,
    });

    beforeAll(async () => {
      pod = await podRig.startPod('steady', { isPrivileged: true });
      steady = await pods.runContainer(pod, 'steady', SLEEPING);
      // The first scrape opens the connection to the agent that later ones use.
      await countTasks();
      before = await count();
    }, BOOT_MS);

    const expectAliveAndNothingLeft = async (): Promise<void> => {
      expect((await pods.exec(steady, sh('echo here'))).stdout).toBe('here\n');
      expect((await pods.readStats(steady)).cpuNs).toBeGreaterThan(0);
      expect(await pods.readContainer(steady)).toMatchObject({ state: 'running' });
      // A connection or a process that was there when they were counted may have ended since: fewer are no leftover.
      const countMost = async () => {
        const entries = Object.entries(await count()) as [keyof typeof before, number | string][];
        return Object.fromEntries(
          entries.map(([name, value]) => [
            name,
            typeof value === 'number' ? Math.max(value, Number(before[name])) : value,
          ]),
        );
      };
      await expect.poll(countMost).toEqual(before);
    };

    it('a container without a limit takes all memory of the guest: it is killed, and CRI has the reason', async () => {
      const id = await pods.runContainer(pod, 'huge', [
        ...['/bin/busybox', 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=450M', 'count=1'],
      ]);
      await expect
        .poll(() => pods.readContainer(id))
        .toMatchObject({ state: 'exited', exitCode: 137, reason: 'OOMKilled' });
      await pods.removeContainer(id);
      await expectAliveAndNothingLeft();
    });

    it('a container starts processes without end: the others can be used, and it can be stopped', async () => {
      const id = await pods.runContainer(
        pod,
        'bomb',
        sh('bomb() { bomb | bomb & }; bomb; while :; do busybox sleep 1; done'),
      );
      await expect.poll(countTasks, { timeout: 120_000 }).toBeGreaterThan(200);
      expect((await pods.exec(steady, sh('echo still'))).stdout).toBe('still\n');
      expect((await pods.readStats(id)).cpuNs).toBeGreaterThan(0);
      await pods.stopContainer(id, 1);
      expect(await pods.readContainer(id)).toMatchObject({ state: 'exited', exitCode: 143 });
      await pods.removeContainer(id);
      await expectAliveAndNothingLeft();
    });

    it('a container fills the disk: its writes fail, and when it has made room all goes on', async () => {
      const id = await pods.runContainer(
        pod,
        'full',
        sh('busybox dd if=/dev/zero of=/fill bs=1M; echo "status $?"; busybox sleep 100000'),
        {
          logPath: 'full.log',
        },
      );
      const readLog = (): string => podRig.readLog('full.log');
      await expect.poll(readLog).toContain('status 1');
      expect(readLog()).toContain('No space left on device');
      await expect(pods.runContainer(pod, 'late', SLEEPING)).rejects.toThrow('no space left on device');
      // The host frees the blocks of a file once the kernel of the guest has forgotten it, which may be after `rm` ends.
      const makeRoom = sh('busybox rm /fill; until echo free >/small; do busybox sleep 0.1; done; busybox cat /small');
      expect(await pods.exec(id, makeRoom)).toMatchObject({ exitCode: 0, stdout: 'free\n' });
      const late = await pods.runContainer(pod, 'late', SLEEPING);
      await pods.removeContainer(late);
      await pods.stopContainer(id, 0);
      await pods.removeContainer(id);
      await expectAliveAndNothingLeft();
    });

    // By the kernel of the guest, which kills all processes but the first: see its admin-guide/sysrq.rst.
    it('the agent is killed: the pod is not ready, its containers have ended, the log says why, and nothing is left', async () => {
      const kill = sh('busybox sleep 2; echo i >/proc/sysrq-trigger; busybox sleep 100000');
      const id = await pods.runContainer(pod, 'killer', kill, { isPrivileged: true });
      for (const each of [id, steady]) {
        await expect.poll(() => pods.readContainer(each)).toMatchObject({ state: 'exited', exitCode: 255 });
      }
      await expect.poll(async () => (await pods.readPod(pod)).isReady).toBe(false);
      // containerd copies what the shim logs, perhaps after it has taken the events.
      const reason = new RegExp(`Sandbox \\\\*"${pod}\\\\*" has ended: The agent is gone: `);
      await expect.poll(() => rig.readLog()).toMatch(reason);
      await pods.removePod(pod);
      expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
    });
  });

  it('no space is left for a sandbox on the host: CRI has the reason, and nothing is left', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,nr_inodes=2', 'full', rig.sandboxesPath]);
    try {
      await expect(podRig.startPod('homeless')).rejects.toThrow(/ENOSPC: no space left on device/);
    } finally {
      execFileSync('umount', [rig.sandboxesPath]);
    }
    expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
  });

  describe(`${PODS} pods, ${PODS_AT_A_TIME} at the same time`, () => {
    const annotations = { 'io.katacontainers.config.hypervisor.default_memory': '320' };
    let ends: Promise<{ readonly ip: string; readonly left: Leftovers }>[];

    const hit: Readonly<Record<Fault, (pod: string) => Promise<unknown> | unknown>> = {
      'QEMU is killed': (pod) => process.kill(rig.findProcess(pod, 'qemu-system'), 'SIGKILL'),
      'virtiofsd is killed': (pod) => process.kill(rig.findProcess(pod, 'virtiofsd'), 'SIGKILL'),
      'the shim is killed': (pod) => process.kill(rig.findShim(pod), 'SIGKILL'),
      // Later, so that the start of the container is over.
      'the kernel of the guest panics': (pod) =>
        pods.runContainer(pod, 'crash', sh('busybox sleep 2; echo c >/proc/sysrq-trigger; busybox sleep 100000'), {
          isPrivileged: true,
        }),
    };

    /** From its creation to its removal; with a container if it ends by a fault. */
    const run = async (index: number) => {
      const [fault, reason] = FAULTS[index] ?? [];
      const pod = await podRig.startPod(`many-${index}`, { annotations, isPrivileged: fault !== undefined });
      const { isReady, ip } = await pods.readPod(pod);
      expect(isReady).toBe(true);
      const tracked = rig.trackPod(pod);
      expect(tracked.namespaces).toHaveLength(1);
      if (fault !== undefined) {
        const id = await pods.runContainer(pod, 'main', SLEEPING);
        await hit[fault](pod);
        // Not by expect.poll, which belongs to one test.
        await vi.waitFor(async () => {
          expect(await pods.readContainer(id)).toMatchObject({ state: 'exited', exitCode: 255 });
          expect((await pods.readPod(pod)).isReady).toBe(false);
          // containerd copies what the shim logs, perhaps after it has taken the events.
          expect(rig.readLog()).toMatch(new RegExp(`(${pod}.*${reason}|${reason}.*${pod})`));
        }, WAIT);
      }
      await pods.removePod(pod);
      return { ip, left: await rig.findLeftoversOf(tracked) };
    };

    beforeAll(() => {
      ends = runAll(PODS, PODS_AT_A_TIME, run);
    });

    // Also when one has failed, the others need their containerd.
    afterAll(async () => {
      await Promise.allSettled(ends);
    }, MANY_MS);

    it.each(FAULTS.map(([fault], index) => [fault, index] as const))(
      '%s: the pod is not ready, its containers have ended, the log says why, and nothing is left',
      async (_, index) => {
        expect(await ends[index]).toMatchObject({ left: NO_LEFTOVERS });
      },
      MANY_MS,
    );

    it(
      'all others are made and removed, and nothing is left',
      async () => {
        const results = await Promise.all(ends);
        expect(results).toEqual(results.map(() => ({ ip: expect.stringMatching(/^10\./), left: NO_LEFTOVERS })));
        expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
      },
      MANY_MS,
    );
  });
});
