/**
 * What goes wrong in pods and around them: an agent that is killed, a guest without memory, processes without number, a full
 * disk. Each costs its own pod at most, has a reason, and leaves nothing. Then the same for many pods.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CriPods } from '../support/cri-pods.ts';
import { getOverUnix } from '../support/get-over-unix.ts';
import { missingForRuntime, NO_LEFTOVERS, RuntimeRig } from '../support/runtime-rig.ts';

const missing = missingForRuntime({ more: ['runc'] });
const title = `faults of pods in virtual machines${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const sh = (script: string): string[] => ['/bin/busybox', 'sh', '-c', script];
const sleeping = ['/bin/busybox', 'sleep', '100000'];
const BOOT_MS = 240_000;
const MANY_MS = 600_000;
/** Of all images and writable layers on the host. */
const DISK_MIB = 48;
const PODS = 20;
const PODS_AT_A_TIME = 4;

/** Runs all of them, `atATime` concurrently. */
async function runAll<T>(count: number, atATime: number, run: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await run(index);
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  return results;
}

describe.skipIf(missing.length > 0)(title, () => {
  let rig: RuntimeRig;
  let pods: CriPods;

  beforeAll(async () => {
    rig = await RuntimeRig.start(undefined, { diskMib: DISK_MIB });
    pods = new CriPods(rig.socketPath);
    mkdirSync(join(rig.rootPath, 'logs'));
  }, BOOT_MS);

  afterAll(async () => {
    await pods?.close();
    await rig?.close();
  }, BOOT_MS);

  const startPod = (name: string, more: object = {}): Promise<string> =>
    pods.runPod({
      name,
      namespace: 'ns1',
      uid: `uid-${name}`,
      handler: 'kata',
      hasNetwork: true,
      logDirectory: join(rig.rootPath, 'logs'),
      ...more,
    });

  describe('in one pod, which goes on until its agent is killed', () => {
    let pod: string;
    let steady: string;

    beforeAll(async () => {
      pod = await startPod('steady', { isPrivileged: true });
      steady = await pods.runContainer(pod, 'steady', sleeping);
    }, BOOT_MS);

    const expectAlive = async (): Promise<void> => {
      expect((await pods.exec(steady, sh('echo here'))).stdout).toBe('here\n');
      expect((await pods.readStats(steady)).cpuNs).toBeGreaterThan(0);
      expect(await pods.readContainer(steady)).toMatchObject({ state: 'running' });
    };

    it('a container without a limit takes all memory of the guest: it is killed, and CRI has the reason', async () => {
      const id = await pods.runContainer(pod, 'huge', [
        ...['/bin/busybox', 'dd', 'if=/dev/zero', 'of=/dev/null', 'bs=450M', 'count=1'],
      ]);
      await expect
        .poll(() => pods.readContainer(id), { timeout: 60_000 })
        .toMatchObject({ state: 'exited', exitCode: 137, reason: 'OOMKilled' });
      await pods.removeContainer(id);
      await expectAlive();
    });

    it('a container starts processes without end: the others can be used, and it can be stopped', async () => {
      const id = await pods.runContainer(
        pod,
        'bomb',
        sh('bomb() { bomb | bomb & }; bomb; while :; do busybox sleep 1; done'),
      );
      const countTasks = async (): Promise<number> => {
        const text = await getOverUnix(`${rig.sandboxesPath}/${pod}/shim-monitor.sock`, '/metrics');
        return Number(/^kata_guest_tasks\{item="max"\} (\d+)/m.exec(text)?.[1]);
      };
      await expect.poll(countTasks, { timeout: 60_000 }).toBeGreaterThan(200);
      expect((await pods.exec(steady, sh('echo still'))).stdout).toBe('still\n');
      expect((await pods.readStats(id)).cpuNs).toBeGreaterThan(0);
      await pods.stopContainer(id, 1);
      expect(await pods.readContainer(id)).toMatchObject({ state: 'exited', exitCode: 143 });
      await pods.removeContainer(id);
      await expectAlive();
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
      const readLog = (): string => readFileSync(join(rig.rootPath, 'logs/full.log'), 'utf8');
      await expect.poll(readLog, { timeout: 60_000 }).toContain('status 1');
      expect(readLog()).toContain('No space left on device');
      await expect(pods.runContainer(pod, 'late', sleeping)).rejects.toThrow('no space left on device');
      expect((await pods.exec(id, sh('busybox rm /fill && echo free >/small && busybox cat /small'))).stdout).toBe(
        'free\n',
      );
      const late = await pods.runContainer(pod, 'late', sleeping);
      await pods.removeContainer(late);
      await pods.stopContainer(id, 0);
      await pods.removeContainer(id);
      await expectAlive();
    });

    // By the kernel of the guest, which kills all processes but the first: see its admin-guide/sysrq.rst.
    it('the agent is killed: the pod is not ready, its containers have ended, the log says why, and nothing is left', async () => {
      const kill = sh('busybox sleep 2; echo i >/proc/sysrq-trigger; busybox sleep 100000');
      const id = await pods.runContainer(pod, 'killer', kill, { isPrivileged: true });
      for (const each of [id, steady]) {
        await expect
          .poll(() => pods.readContainer(each), { timeout: 60_000 })
          .toMatchObject({ state: 'exited', exitCode: 255 });
      }
      await expect.poll(async () => (await pods.readPod(pod)).isReady, { timeout: 30_000 }).toBe(false);
      expect(rig.readLog()).toMatch(new RegExp(`Sandbox \\\\*"${pod}\\\\*" has ended: The agent is gone: `));
      await pods.removePod(pod);
      expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
    });
  });

  it('no space is left for a sandbox on the host: CRI has the reason, and nothing is left', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,nr_inodes=2', 'full', rig.sandboxesPath]);
    try {
      await expect(startPod('homeless')).rejects.toThrow(/ENOSPC: no space left on device/);
    } finally {
      execFileSync('umount', [rig.sandboxesPath]);
    }
    expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
  });

  it(
    `${PODS} pods are made and removed, ${PODS_AT_A_TIME} at the same time, and leave nothing`,
    async () => {
      const annotations = { 'io.katacontainers.config.hypervisor.default_memory': '320' };
      const results = await runAll(PODS, PODS_AT_A_TIME, async (index) => {
        const pod = await startPod(`many-${index}`, { annotations });
        const { isReady, ip } = await pods.readPod(pod);
        await pods.removePod(pod);
        return isReady && ip;
      });
      expect(results).toEqual(results.map(() => expect.stringMatching(/^10\./)));
      expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
    },
    MANY_MS,
  );
});
