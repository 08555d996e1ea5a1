/**
 * The hypervisor of the sandboxes that `up` starts: virtual machines if requested or possible, otherwise processes.
 */
import type { OptionValues } from '../options/index.ts';
import type { cliCommands } from '../settings/cli.ts';
import { defaultGuestDirectory, findGuestImage, findQemu, type GuestImage, proveAccelerator } from '../shim/index.ts';
import { CliError } from './cli-error.ts';

export interface FleetHypervisor {
  /** Description of the sandboxes, in the plural, with what virtual machines would require. */
  readonly what: string;
  /** Arguments of `kata-shim run`. */
  readonly shimArgs: readonly string[];
}

type Values = Pick<OptionValues<typeof cliCommands.up.options>, 'cpus' | 'debugConsole' | 'hypervisor' | 'memory'>;

/** Disk of each machine, so that its disk metrics exist. */
const DISK_MIB = 64;

/** @throws {CliError} when machines are requested and a requirement is missing. */
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
    throw new CliError(`Cannot start virtual machines: they require ${missing}`);
  }
  return toProcesses(`processes; virtual machines would require ${missing}`);
}

function toProcesses(what: string): FleetHypervisor {
  return { what, shimArgs: ['--hypervisor=process'] };
}

/** A failed trial of KVM takes seconds, so one trial serves all machines. */
async function toMachines(
  { memory, cpus, debugConsole }: Values,
  qemu: string,
  { kernelPath, initrdPath }: GuestImage,
): Promise<FleetHypervisor> {
  const accelerator = await proveAccelerator(qemu, kernelPath);
  const how = accelerator === 'kvm' ? 'with KVM' : 'emulated, because KVM does not work here';
  return {
    what: `virtual machines of QEMU, ${how}; they take some seconds to boot`,
    shimArgs: [
      ...['--hypervisor=qemu', `--accelerator=${accelerator}`, `--kernel=${kernelPath}`, `--initrd=${initrdPath}`],
      ...[`--memory=${memory}`, `--cpus=${cpus}`, `--disk=${DISK_MIB}`],
      ...(debugConsole ? ['--debug-console'] : []),
    ],
  };
}
