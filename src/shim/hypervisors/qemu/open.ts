/**
 * QEMU from the options of `kata-shim run`.
 */
import { findGuest } from '../../find-guest.ts';
import type { HypervisorOpener } from '../hypervisor.ts';
import { findQemu, QEMU_PROGRAM } from './qemu-program.ts';
import { startQemu } from './start.ts';

export const openHypervisor: HypervisorOpener = (values) => {
  return async (context) => {
    const { kernelPath, initrdPath } = await findGuest(values);
    return startQemu(
      {
        program: findQemu(process.env) ?? QEMU_PROGRAM,
        kernelPath,
        initrdPath,
        memoryMib: values.memory,
        cpus: values.cpus,
        accelerator: values.accelerator,
        sharedPath: values.virtiofs,
        hasDebugConsole: values.debugConsole,
        diskMib: values.disk,
      },
      context,
    );
  };
};
