/**
 * Processes in place of a virtual machine, from the options of `kata-shim run`.
 */
import { parseAddress } from '../../../transport/index.ts';
import { quoteForShell } from '../../processes/quote-for-shell.ts';
import type { HypervisorOpener } from '../hypervisor.ts';
import { startProcessHypervisor } from './start.ts';

export const openHypervisor: HypervisorOpener = ({ workloadCommand, agentCommand }, defaultAgentCommand) => {
  return ({ directory, log, onProcess, onWorkload, hasCgroup, startGuard }) => {
    if (hasCgroup) {
      // Nothing else is left when this process is killed.
      startGuard([]);
    }
    const address = `unix://${directory.agentSocket}`;
    return startProcessHypervisor({
      workloadCommand,
      agentCommand: `${agentCommand ?? defaultAgentCommand} --listen ${quoteForShell(address)}`,
      agentAddress: parseAddress(address),
      now: () => performance.now(),
      random: Math.random,
      onProcess,
      onWorkload,
      onAgentEnd: (message) => log.warn(message),
    });
  };
};
