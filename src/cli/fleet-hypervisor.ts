/**
 * What holds the sandboxes that `up` starts: virtual machines where that is asked for or possible, else processes.
 */
import type { OptionValues } from '../options/index.ts';
import type { cliCommands } from '../settings/cli.ts';
import { defaultGuestDirectory, findGuestImage, findQemu, type GuestImage, proveAccelerator } from '../shim/index.ts';
import { CliError } from './cli-error.ts';

export interface FleetHypervisor {
  /** Of the sandboxes, in the plural; where it could be better, with how. */
  readonly what: string;
  /** For `kata-shim run`. */
  readonly shimArgs: readonly string[];
}

type Values = Pick<OptionValues<typeof cliCommands.up.options>, 'cpus' | 'debugConsole' | 'hypervisor' | 'memory'>;

/** Of each machine, for something to be seen in its figures. */
const DISK_MIB = 64;

/** Rejects with a CliError when machines are asked for and what they need is missing. */
export async function chooseFleetHypervisor(values: Values, env: NodeJS.ProcessEnv): Promise<FleetHypervisor> {
  if (values.hypervisor === 'process') {
    return toProcesses('processes');
  }
  const qemu = findQemu(env);
  const image = await findGuestImage(defaultGuestDirectory(env));
  if (qemu !== undefined && image !== undefined) {
    return toMachines(values, qemu, image);
  }
  const missing = [
    ...(qemu === undefined ? ['QEMU (Debian: qemu-system-x86)'] : []),
    ...(image === undefined ? ['a guest (npm run guest)'] : []),
  ].join(' and ');
  if (values.hypervisor === 'qemu') {
    throw new CliError(`Cannot start virtual machines: they need ${missing}`);
  }
  return toProcesses(`processes (virtual machines need ${missing})`);
}

function toProcesses(what: string): FleetHypervisor {
  return { what, shimArgs: ['--hypervisor=process'] };
}

/** The trial of KVM takes seconds where it fails, so it is made once for all of them. */
async function toMachines(
  { memory, cpus, debugConsole }: Values,
  qemu: string,
  { kernelPath, initrdPath }: GuestImage,
): Promise<FleetHypervisor> {
  const accelerator = await proveAccelerator(qemu, kernelPath);
  const how = accelerator === 'kvm' ? 'with KVM' : 'emulated, as KVM does not work here';
  return {
    what: `virtual machines of QEMU, ${how}; they need some seconds to boot`,
    shimArgs: [
      ...['--hypervisor=qemu', `--accelerator=${accelerator}`, `--kernel=${kernelPath}`, `--initrd=${initrdPath}`],
      ...[`--memory=${memory}`, `--cpus=${cpus}`, `--disk=${DISK_MIB}`],
      ...(debugConsole ? ['--debug-console'] : []),
    ],
  };
}
