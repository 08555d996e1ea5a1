/**
 * The family that says what a sandbox is: for joins with its figures, and for people.
 */
import { type CatalogFamily, family } from '../../collectors/index.ts';
import type { HypervisorIdentity } from '../hypervisors/hypervisor.ts';

/** What the guest may call itself there: each other version is a series more. */
const AGENT_VERSION = /^[\w.+~-]{1,64}$/;

/** `agentVersion` as the agent says it; undefined as long as it has said nothing. What is not known is an empty label. */
export function describeSandbox(identity: HypervisorIdentity, agentVersion: string | undefined): CatalogFamily {
  const { hypervisor, version, guestKernel, machine, accelerator } = identity;
  return family('kata_shim_sandbox_info', [
    {
      labels: {
        hypervisor,
        hypervisor_version: version ?? '',
        agent_version: AGENT_VERSION.test(agentVersion ?? '') ? agentVersion! : '',
        guest_kernel: guestKernel ?? '',
        machine: machine ?? '',
        accelerator: accelerator ?? '',
      },
      value: 1,
    },
  ]);
}
