/**
 * The hypervisor that the options of `kata-shim run` name: its folder is loaded by the name in the catalog.
 */
import type { HypervisorOpener, OpenHypervisor, RunValues } from './hypervisors/hypervisor.ts';

/** @throws {OptionError} for options that the kind does not support. */
export async function chooseHypervisor(
  values: RunValues,
  program: { readonly defaultAgentCommand: string },
): Promise<OpenHypervisor> {
  const { openHypervisor } = await loadHypervisor(values.hypervisor);
  return openHypervisor(values, program.defaultAgentCommand);
}

export function loadHypervisor(kind: RunValues['hypervisor']): Promise<{ readonly openHypervisor: HypervisorOpener }> {
  return import(`./hypervisors/${kind}/open.ts`);
}
