/**
 * All collectors of the agent, in one list. The response has the families by name, whatever their order here.
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
  createFilesystemCollector,
  type GuestContext,
} from '../collectors/index.ts';

export function createGuestCollectors(): readonly Collector<GuestContext>[] {
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
    { name: 'guest-uptime', collect: collectGuestUptime },
    { name: 'guest-vm-stat', collect: collectGuestVmStat },
  ];
}
