/**
 * That KVM is used only where a guest gets through its boot with it, on the machine that the test runs on.
 */
import { accessSync, constants } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { findQemu, type GuestImage, proveAccelerator } from '../../src/shim/index.ts';
import { provideGuest } from '../support/provide-guest.ts';
import { missingPackages } from '../support/requirements.ts';

function canOpenKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false; // not there or not for us
  }
}

describe.skipIf(missingPackages(['qemu-system-x86', 'busybox-static', 'erofs-utils']).length > 0)(
  'proveAccelerator',
  () => {
    let image: GuestImage;
    let qemu: string;

    beforeAll(async () => {
      image = await provideGuest();
      qemu = findQemu(process.env)!;
    });

    it('tries once, and gives the same verdict from then on', async () => {
      const verdict = proveAccelerator(qemu, image.kernelPath);
      expect(proveAccelerator(qemu, image.kernelPath)).toBe(verdict);
      expect(canOpenKvm() ? ['kvm', 'tcg'] : ['tcg']).toContain(await verdict);
    });

    it('does not take a kernel that does not start for a proof', async () => {
      expect(await proveAccelerator(qemu, image.initrdPath)).toBe('tcg');
    });
  },
);
