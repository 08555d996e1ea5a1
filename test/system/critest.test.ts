/**
 * A small part of critest, the validation suite of CRI runtimes, over containerd and this runtime. The whole of it takes half an
 * hour; docs/runtime.md has its results.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingForCriTools, provideCritest } from '../support/cri-tools.ts';
import { makeCritestImages } from '../support/critest-images.ts';
import { tryProvide } from '../support/go-tools.ts';
import { missingForRuntime, NO_LEFTOVERS, RuntimeRig } from '../support/runtime-rig.ts';

const { path: program, missing } = await tryProvide(provideCritest, [...missingForRuntime(), ...missingForCriTools()]);
const title = `critest${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const RUN_MS = 8 * 60_000;
/** Each boots a virtual machine. */
const SPECS: readonly string[] = [
  'runtime should support execSync with timeout',
  'runtime should support an seccomp profile that blocks setting hostname with SYS_ADMIN',
];

describe.skipIf(missing.length > 0)(title, () => {
  let rig: RuntimeRig;

  beforeAll(async () => {
    rig = await RuntimeRig.start();
    await makeCritestImages(rig.rootPath, (path, names) => rig.importImage(path, names));
  }, RUN_MS);

  afterAll(() => rig?.close(), RUN_MS);

  it(
    `passes ${SPECS.length} of its specs, and leaves nothing`,
    async () => {
      const endpoint = `unix://${rig.socketPath}`;
      const flags = ['--runtime-endpoint', endpoint, '--image-endpoint', endpoint, '--runtime-handler', 'kata'];
      /** Each in a separate process, so that their virtual machines boot at the same time. */
      const run = async (spec: string, index: number) => {
        const report = join(rig.rootPath, `critest-${index}.xml`);
        const ginkgo = [`--ginkgo.focus=${spec}`, `--ginkgo.junit-report=${report}`, '--ginkgo.no-color'];
        const { code, stdout, stderr } = await rig.runProgram(program, [...flags, ...ginkgo], '', {
          timeoutMs: RUN_MS,
        });
        const said = `critest ended with ${code}: ${stderr.slice(-1_000)}\n${stdout.toString().slice(-5_000)}`;
        expect(existsSync(report), said).toBe(true);
        const ran = [...readFileSync(report, 'utf8').matchAll(/<testcase name="\[It\] ([^"]*)"[^>]* status="(\w+)"/g)]
          .map(([, name, status]) => ({ name: name!.replaceAll('&#39;', "'"), status }))
          .filter(({ status }) => status !== 'skipped');
        expect(ran, said).toEqual([{ name: expect.stringContaining(spec), status: 'passed' }]);
      };
      await Promise.all(SPECS.map(run));
      expect(await rig.findLeftovers()).toEqual(NO_LEFTOVERS);
    },
    // Longer than critest may take, so that a failure shows what it wrote.
    RUN_MS + 120_000,
  );
});
