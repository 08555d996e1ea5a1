/**
 * The runtime under containerd 2: by versions 2 and 3 of the shim's protocol, and by its sandbox service. One pod of each lives
 * and ends in order, two have a shim that is killed; all boot at the same time.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { missingForContainerd2, provideContainerd2 } from '../support/containerd-2.ts';
import type { CriPods } from '../support/cri-pods.ts';
import { tryProvide } from '../support/go-tools.ts';
import { BOOT_MS, PodRig, SLEEPING, sh } from '../support/pod-rig.ts';
import { missingForRuntime, NO_LEFTOVERS, type RuntimeRig, type TrackedPod } from '../support/runtime-rig.ts';

const { path: folderPath, missing } = await tryProvide(provideContainerd2, [
  ...missingForRuntime({ hasOtherContainerd: true }),
  ...missingForContainerd2(),
]);
const title = `pods of containerd 2${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

/** By the name of the runtime in the rig's configuration. */
const WAYS = [
  ['version 2 of the shim protocol', 'kata2'],
  ['version 3 of the shim protocol', 'kata'],
  ['the sandbox service', 'katas'],
] as const;
/** A container by itself has the same shim in version 2, with containerd 1.6 too: its end is tested there. */
const WAYS_OF_KILLED = WAYS.slice(1);
const POLL = { timeout: 120_000 };

describe.skipIf(missing.length > 0)(title, () => {
  let podRig: PodRig;
  let rig: RuntimeRig;
  let pods: CriPods;
  /** By their names. */
  let running: ReadonlyMap<string, TrackedPod>;

  beforeAll(async () => {
    podRig = await PodRig.start({ folderPath });
    ({ rig, pods } = podRig);
    const start = async (name: string, handler: string) =>
      [name, rig.trackPod(await podRig.startPod(name, { handler }))] as const;
    running = new Map(
      await Promise.all([
        ...WAYS.map(([, handler]) => start(handler, handler)),
        ...WAYS_OF_KILLED.map(([, handler]) => start(`${handler}-killed`, handler)),
      ]),
    );
  }, BOOT_MS);

  afterAll(() => podRig?.close(), BOOT_MS);

  it.each(WAYS)(
    'run by %s, with network, logs, exec, statistics and an exit code, and leave nothing',
    async (_, handler) => {
      const tracked = running.get(handler)!;
      const pod = tracked.id;
      expect(await pods.readPod(pod)).toEqual({ isReady: true, ip: expect.stringMatching(/^10\.213\.\d+\.\d+$/) });
      const main = await pods.runContainer(pod, 'main', sh('echo up; busybox sleep 100000'), {
        logPath: `${handler}.log`,
      });
      const short = await pods.runContainer(pod, 'short', sh('exit 4'));
      await expect.poll(() => pods.readContainer(short), POLL).toMatchObject({ state: 'exited', exitCode: 4 });
      expect(await pods.exec(main, sh('busybox hostname; exit 3'))).toMatchObject({
        exitCode: 3,
        stdout: `${handler}\n`,
      });
      expect((await pods.readStats(main)).cpuNs).toBeGreaterThan(0);
      // containerd writes the log by itself, perhaps a moment later.
      await expect.poll(() => podRig.readLog(`${handler}.log`)).toMatch(/ stdout F up$/m);
      await pods.removePod(pod);
      expect(await rig.findLeftoversOf(tracked)).toEqual(NO_LEFTOVERS);
    },
    BOOT_MS,
  );

  it.each(WAYS_OF_KILLED)(
    'run by %s, end when their shim is killed, and can be removed',
    async (_, handler) => {
      const tracked = running.get(`${handler}-killed`)!;
      const id = await pods.runContainer(tracked.id, 'main', SLEEPING);
      process.kill(rig.findShim(tracked.id), 'SIGKILL');
      await expect.poll(() => pods.readContainer(id), POLL).toMatchObject({ state: 'exited', exitCode: 255 });
      // While containerd still cleans up after the shim, it rejects calls with "ttrpc: closed": a kubelet calls again.
      await vi.waitFor(async () => expect((await pods.readPod(tracked.id)).isReady).toBe(false), POLL);
      await vi.waitFor(() => pods.removePod(tracked.id), POLL);
      expect(await rig.findLeftoversOf(tracked)).toEqual(NO_LEFTOVERS);
    },
    BOOT_MS,
  );

  it('have left nothing when all are removed', async () => {
    expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
  });
});
