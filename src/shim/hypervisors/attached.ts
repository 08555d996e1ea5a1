/**
 * A hypervisor that another program starts and ends: the shim only reads its metrics.
 */
import type { Address } from '../../transport/index.ts';
import type { Hypervisor } from './hypervisor.ts';

export interface AttachOptions {
  readonly hypervisorPid: number;
  readonly virtiofsdPid: number | undefined;
  readonly agentAddress: Address;
}

export function attachHypervisor({ hypervisorPid, virtiofsdPid, agentAddress }: AttachOptions): Hypervisor {
  return {
    identity: {
      hypervisor: 'attached',
      version: undefined,
      machine: undefined,
      accelerator: undefined,
      guestKernel: undefined,
    },
    pid: hypervisorPid,
    virtiofsdPid,
    agentAddress,
    collectors: [],
    guestUse: { kind: 'agent' },
    otherPids: () => [],
    ended: new Promise(() => undefined),
    stop: () => Promise.resolve(),
  };
}
