/**
 * The collectors of guest and host that read nothing but /proc, so that they can be run over a captured tree.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectAgentIo, collectAgentStat, collectAgentStatus } from '../../src/collectors/agent-process.ts';
import type { Collector } from '../../src/collectors/collect.ts';
import type { GuestContext } from '../../src/collectors/guest-context.ts';
import { collectGuestCpu } from '../../src/collectors/guest-cpu.ts';
import { collectGuestDisk } from '../../src/collectors/guest-disk.ts';
import { collectGuestLoad } from '../../src/collectors/guest-load.ts';
import { collectGuestMemory } from '../../src/collectors/guest-memory.ts';
import { collectGuestNet } from '../../src/collectors/guest-net.ts';
import { collectGuestVmStat } from '../../src/collectors/guest-vm-stat.ts';
import {
  collectHostFds,
  collectHostIo,
  collectHostNetDev,
  collectHostStat,
  collectHostStatus,
} from '../../src/collectors/host-process.ts';

/** Of an agent whose /proc is the tree. */
export const guestTreeCollectors: readonly Collector<GuestContext>[] = [
  { name: 'cpu', collect: collectGuestCpu },
  { name: 'disk', collect: collectGuestDisk },
  { name: 'load', collect: collectGuestLoad },
  { name: 'memory', collect: collectGuestMemory },
  { name: 'net', collect: collectGuestNet },
  { name: 'vm-stat', collect: collectGuestVmStat },
  { name: 'agent-io', collect: collectAgentIo },
  { name: 'agent-stat', collect: collectAgentStat },
  { name: 'agent-status', collect: collectAgentStatus },
];

const hostCollectors = {
  'host-fds': collectHostFds,
  'host-io': collectHostIo,
  'host-net': collectHostNetDev,
  'host-stat': collectHostStat,
  'host-status': collectHostStatus,
} as const;

/** Of a process on the host, for which the process stands that captured the tree. */
export function hostTreeCollectors(
  prefix: Parameters<typeof collectHostNetDev>[0]['prefix'],
): Collector<GuestContext>[] {
  return Object.entries(hostCollectors).map(([name, collect]) => ({
    name,
    collect: ({ procfs }) => collect({ procfs, prefix, pid: pidOfSelf(procfs.root) }),
  }));
}

function pidOfSelf(root: string): number {
  return Number(readFileSync(join(root, 'self/stat'), 'utf8').split(' ', 1)[0]);
}
