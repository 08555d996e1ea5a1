/**
 * The guest that npm run guest builds: the same bytes from the same inputs, and an agent that stays small in it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildGuest, provideGuest as buildWhereNeeded } from '../../scripts/guest/build-guest.ts';
import { provideKernelPackage } from '../../scripts/guest/kernel-package.ts';
import { measureGuest } from '../../scripts/guest/measure-guest.ts';
import { defaultGuestDirectory, findGuestImage, type GuestImage } from '../../src/shim/index.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { missingPackages } from '../support/requirements.ts';

/** Of the agent beyond a runtime that does nothing. */
const MAX_SHARE_KIB = 12 * 1024;
/** Of two builds, or of a boot, on a machine with other work. */
const TIMEOUT_MS = 300_000;

/** The package that other tests of this machine have fetched, or a new one. */
function provideKernel(): string {
  return provideKernelPackage(join(dirname(defaultGuestDirectory(process.env)), 'kernel'), { isRefreshed: false });
}

describe.skipIf(missingPackages(['busybox-static', 'binutils']).length > 0)(
  'buildGuest',
  { timeout: TIMEOUT_MS },
  () => {
    it('gives the same bytes twice, and builds nothing where the inputs have not changed', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'km-'));
      try {
        const kernel = provideKernel();
        const one = await buildGuest(kernel, join(folder, 'one'));
        const two = await buildGuest(kernel, join(folder, 'two'));
        const read = ({ kernelPath, initrdPath }: GuestImage): Buffer[] =>
          [kernelPath, initrdPath].map((path) => readFileSync(path));
        expect(read(one).map((file, index) => file.equals(read(two)[index]!))).toEqual([true, true]);
        expect(two.manifest).toEqual(one.manifest);
        expect((await buildWhereNeeded(kernel, join(folder, 'one'))).isNew).toBe(false);
        expect(await findGuestImage(join(folder, 'three'))).toBeUndefined();
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  },
);

describe.skipIf(missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils', 'binutils']).length > 0)(
  'the agent in the guest',
  { timeout: TIMEOUT_MS },
  () => {
    it('takes no more than 12 MiB beyond its runtime', async () => {
      const { agent, runtime } = await measureGuest(await provideGuest());
      expect(agent.residentKib - runtime.residentKib).toBeLessThanOrEqual(MAX_SHARE_KIB);
    });
  },
);
