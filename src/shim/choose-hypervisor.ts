/**
 * Chooses the hypervisor from the options of `kata-shim run`: the one place that depends on all kinds.
 */
import type { StartedHypervisor } from '../catalog/hypervisors.ts';
import { OptionError, type OptionValues } from '../options/index.ts';
import type { runOptions } from '../settings/shim.ts';
import { parseAddress } from '../transport/index.ts';
import { defaultGuestDirectory, findGuestImage } from './guest-image.ts';
import { AGENT_PORT as FIRECRACKER_AGENT_PORT, startFirecracker } from './hypervisors/firecracker/start.ts';
import type { OpenHypervisor } from './hypervisors/hypervisor.ts';
import { startProcessHypervisor } from './hypervisors/process.ts';
import { findQemu, QEMU_PROGRAM } from './hypervisors/qemu/qemu-program.ts';
import { startQemu } from './hypervisors/qemu/start.ts';
import { quoteForShell } from './processes/quote-for-shell.ts';

export type RunValues = OptionValues<typeof runOptions>;

export function chooseHypervisor(values: RunValues, program: { readonly defaultAgentCommand: string }): OpenHypervisor {
  return openers[values.hypervisor](values, program.defaultAgentCommand);
}

/** One for each row of the catalog's table of hypervisors. */
const openers: Readonly<Record<StartedHypervisor, (values: RunValues, defaultAgentCommand: string) => OpenHypervisor>> =
  { firecracker: openFirecracker, process: openProcess, qemu: openQemu };

function openProcess({ workloadCommand, agentCommand }: RunValues, defaultAgentCommand: string): OpenHypervisor {
  return ({ directory, log, onProcess }) => {
    const address = `unix://${directory.agentSocket}`;
    return startProcessHypervisor({
      workloadCommand,
      agentCommand: `${agentCommand ?? defaultAgentCommand} --listen ${quoteForShell(address)}`,
      agentAddress: parseAddress(address),
      now: () => performance.now(),
      random: Math.random,
      onProcess,
      onAgentEnd: (message) => log.warn(message),
    });
  };
}

function openQemu(values: RunValues): OpenHypervisor {
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
}

/** Throws an OptionError for an option that Firecracker sandboxes do not support. */
function openFirecracker(values: RunValues): OpenHypervisor {
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
        kernelArguments: [`kata.listen=vsock://-1:${FIRECRACKER_AGENT_PORT}`],
      },
      context,
    );
  };
}

/** Each file that is not given comes from the guest that was built; rejects with an Error that says how to get one. */
async function findGuest({ kernel, initrd }: RunValues): Promise<{ kernelPath: string; initrdPath: string }> {
  if (kernel !== undefined && initrd !== undefined) {
    return { kernelPath: kernel, initrdPath: initrd };
  }
  const directory = defaultGuestDirectory(process.env);
  const image = await findGuestImage(directory);
  if (image === undefined) {
    throw new Error(
      `Cannot start a guest: there is none in "${directory}" (npm run guest builds one); or give --kernel and --initrd`,
    );
  }
  return { kernelPath: kernel ?? image.kernelPath, initrdPath: initrd ?? image.initrdPath };
}
