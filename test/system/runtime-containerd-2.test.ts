/**
 * The runtime under containerd 2: by version 3 of the shim's protocol, and by its sandbox service.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingForContainerd2, provideContainerd2 } from '../support/containerd-2.ts';
import { CriPods } from '../support/cri-pods.ts';
import { tryProvide } from '../support/go-tools.ts';
import { missingForRuntime, NO_LEFTOVERS, RuntimeRig } from '../support/runtime-rig.ts';

const { path: folderPath, missing } = await tryProvide(provideContainerd2, [
  ...missingForRuntime({ hasOtherContainerd: true }),
  ...missingForContainerd2(),
]);
const title = `pods of containerd 2${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const sh = (script: string): string[] => ['/bin/busybox', 'sh', '-c', script];
const BOOT_MS = 240_000;

describe.skipIf(missing.length > 0)(title, () => {
  let rig: RuntimeRig;
  let pods: CriPods;
  let logs: string;

  beforeAll(async () => {
    rig = await RuntimeRig.start({ folderPath });
    pods = new CriPods(rig.socketPath);
    logs = join(rig.rootPath, 'logs');
    mkdirSync(logs);
  }, BOOT_MS);

  afterAll(async () => {
    await pods?.close();
    await rig?.close();
  }, BOOT_MS);

  it.each([
    ['version 3 of the shim protocol', 'kata'],
    ['the sandbox service', 'katas'],
  ])(
    'run by %s, with network, logs, exec, statistics and an exit code, and leave nothing',
    async (_, handler) => {
      const pod = await pods.runPod({
        name: handler,
        namespace: 'ns1',
        uid: handler,
        handler,
        hasNetwork: true,
        logDirectory: logs,
      });
      expect(await pods.readPod(pod)).toEqual({ isReady: true, ip: expect.stringMatching(/^10\.213\.77\.\d+$/) });
      const main = await pods.runContainer(pod, 'main', sh('echo up; busybox sleep 100000'), {
        logPath: `${handler}.log`,
      });
      const short = await pods.runContainer(pod, 'short', sh('exit 4'));
      await expect
        .poll(() => pods.readContainer(short), { timeout: 20_000 })
        .toMatchObject({ state: 'exited', exitCode: 4 });
      expect(await pods.exec(main, sh('busybox hostname; exit 3'))).toMatchObject({
        exitCode: 3,
        stdout: `${handler}\n`,
      });
      expect((await pods.readStats(main)).cpuNs).toBeGreaterThan(0);
      expect(readFileSync(join(logs, `${handler}.log`), 'utf8')).toMatch(/ stdout F up$/m);
      await pods.removePod(pod);
      expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
    },
    BOOT_MS,
  );
});
