/**
 * The info family that describes a sandbox: for joins with its other metrics, and for people.
 */
import { type CatalogFamily, family } from '../../collectors/index.ts';
import type { HypervisorIdentity } from '../hypervisors/hypervisor.ts';

/** Limit for the version that the guest reports: each version is another series. */
const AGENT_VERSION = /^[\w.+~-]{1,64}$/;

/** `agentVersion` as the agent reports it; undefined before the first report. An unknown value is an empty label. */
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
