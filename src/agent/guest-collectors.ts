/**
 * The list of all collectors of the agent. The response is sorted by the name of the family, whatever the order here.
 */
import {
  type Collector,
  collectAgentIo,
  collectAgentStat,
  collectAgentStatus,
  collectGuestCpu,
  collectGuestDisk,
  collectGuestLoad,
  collectGuestMemory,
  collectGuestNet,
  collectGuestUptime,
  collectGuestVmStat,
  collectOwnProcess,
  createContainerCollector,
  createFilesystemCollector,
  createPressureCollector,
  type GuestContext,
} from '../collectors/index.ts';
import type { CgroupHierarchy } from '../procfs/index.ts';
import type { ContainerFinder } from './containers/find-container.ts';

/** The cgroups of the guest and of its containers; undefined if no cgroups are mounted. */
export interface GuestCgroups {
  readonly hierarchy: CgroupHierarchy;
  readonly finder: Pick<ContainerFinder, 'list'>;
}

export function createGuestCollectors(cgroups?: GuestCgroups): readonly Collector<GuestContext>[] {
  return [
    { name: 'agent-io', collect: collectAgentIo },
    { name: 'agent-process', collect: (context) => collectOwnProcess({ ...context, prefix: 'kata_agent_' }) },
    { name: 'agent-stat', collect: collectAgentStat },
    { name: 'agent-status', collect: collectAgentStatus },
    { name: 'guest-cpu', collect: collectGuestCpu },
    { name: 'guest-disk', collect: collectGuestDisk },
    { name: 'guest-filesystem', collect: createFilesystemCollector() },
    { name: 'guest-load', collect: collectGuestLoad },
    { name: 'guest-memory', collect: collectGuestMemory },
    { name: 'guest-net', collect: collectGuestNet },
    { name: 'guest-pressure', collect: createPressureCollector(), canBeEmpty: true },
    { name: 'guest-uptime', collect: collectGuestUptime },
    { name: 'guest-vm-stat', collect: collectGuestVmStat },
    ...(cgroups === undefined
      ? []
      : [
          {
            name: 'guest-containers',
            collect: createContainerCollector(cgroups.hierarchy, () => cgroups.finder.list()),
            canBeEmpty: true,
          },
        ]),
  ];
}
