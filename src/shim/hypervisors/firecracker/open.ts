/**
 * Firecracker from the options of `kata-shim run`.
 */
import { OptionError } from '../../../options/index.ts';
import { findGuest } from '../../find-guest.ts';
import type { HypervisorOpener } from '../hypervisor.ts';
import { AGENT_PORT, startFirecracker } from './start.ts';

/** @throws {OptionError} for an option that Firecracker sandboxes do not support. */
export const openHypervisor: HypervisorOpener = (values) => {
  const { kernel, virtiofs, disk, debugConsole, accelerator } = values;
  if (kernel === undefined) {
    throw new OptionError('Option "--kernel" is required: Firecracker needs a kernel as an ELF file');
  }
  if (virtiofs !== undefined || disk !== undefined || debugConsole || accelerator === 'tcg') {
    throw new OptionError('Options "--virtiofs", "--disk", "--debug-console" and "--accelerator=tcg" need QEMU');
  }
  return async (context) => {
    const { kernelPath, initrdPath } = await findGuest(values);
    return startFirecracker(
      {
        program: values.firecracker,
        kernelPath,
        initrdPath,
        memoryMib: values.memory,
        cpus: values.cpus,
        // For the init of the guest that `npm run guest` builds; another guest may ignore it.
        kernelArguments: [`kata.listen=vsock://-1:${AGENT_PORT}`],
      },
      context,
    );
  };
};
