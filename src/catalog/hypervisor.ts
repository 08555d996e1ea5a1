/**
 * The hypervisor process of a sandbox, seen from the host.
 */
import type { FamilyDefinition } from './definition.ts';
import { hostIoItems, hostProcStatusItems, netDevItems, procStatItems } from './items.ts';

export const hypervisorFamilies = {
  kata_hypervisor_fds: {
    component: 'hypervisor',
    type: 'gauge',
    help: 'Open FDs for hypervisor.',
    labels: {},
    value: 'entries of /proc/<pid>/fd',
    source: '/proc/<pid>/fd',
    isContract: true,
  },
  kata_hypervisor_io_stat: {
    component: 'hypervisor',
    type: 'gauge',
    help: 'Process IO statistics. Bytes or calls since the process started, from /proc/<pid>/io.',
    labels: { item: hostIoItems },
    value: '/proc/<pid>/io; item names without underscores',
    source: '/proc/<pid>/io',
    isContract: true,
  },
  kata_hypervisor_netdev: {
    component: 'hypervisor',
    type: 'gauge',
    help: 'Net devices statistics. Bytes and packets, from /proc/<pid>/net/dev.',
    labels: { interface: [], item: netDevItems },
    value: '/proc/<pid>/net/dev as the kernel gives it',
    source: '/proc/<pid>/net/dev',
    isContract: true,
  },
  kata_hypervisor_proc_stat: {
    component: 'hypervisor',
    type: 'gauge',
    help: 'Hypervisor process statistics. CPU time in clock ticks, from /proc/<pid>/stat.',
    labels: { item: procStatItems },
    value: '/proc/<pid>/stat, clock ticks',
    source: '/proc/<pid>/stat',
    isContract: true,
  },
  kata_hypervisor_proc_status: {
    component: 'hypervisor',
    type: 'gauge',
    help: 'Hypervisor process status. Memory in KiB, context switches as a count, from /proc/<pid>/status.',
    labels: { item: hostProcStatusItems },
    value: '/proc/<pid>/status, KiB for vm* and rss* items, a count for the ctxt_switches items',
    source: '/proc/<pid>/status',
    isContract: true,
  },
  kata_hypervisor_threads: {
    component: 'hypervisor',
    type: 'gauge',
    help: 'Hypervisor process threads.',
    labels: {},
    value: 'num_threads of /proc/<pid>/stat',
    source: '/proc/<pid>/stat',
    isContract: true,
  },
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
