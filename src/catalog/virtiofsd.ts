/**
 * Families of the virtiofsd process of a sandbox, if it has one.
 */
import type { FamilyDefinition } from './definition.ts';
import { hostIoItems, hostProcStatusItems, procStatItems } from './items.ts';

export const virtiofsdFamilies = {
  kata_virtiofsd_fds: {
    component: 'virtiofsd',
    type: 'gauge',
    help: 'Open FDs for virtiofsd.',
    labels: {},
    value: 'entries of /proc/<pid>/fd',
    source: '/proc/<pid>/fd',
    isContract: false,
  },
  kata_virtiofsd_io_stat: {
    component: 'virtiofsd',
    type: 'gauge',
    help: 'Process IO statistics. Bytes or calls since the process started, from /proc/<pid>/io.',
    labels: { item: hostIoItems },
    value: 'bytes or calls; item names have no underscores',
    source: '/proc/<pid>/io',
    isContract: false,
  },
  kata_virtiofsd_proc_stat: {
    component: 'virtiofsd',
    type: 'gauge',
    help: 'Virtiofsd process statistics. CPU time in clock ticks, from /proc/<pid>/stat.',
    labels: { item: procStatItems },
    value: 'clock ticks, as in /proc/<pid>/stat',
    source: '/proc/<pid>/stat',
    isContract: false,
  },
  kata_virtiofsd_proc_status: {
    component: 'virtiofsd',
    type: 'gauge',
    help: 'Virtiofsd process status. Memory in KiB, context switches as a count, from /proc/<pid>/status.',
    labels: { item: hostProcStatusItems },
    value: 'KiB for vm* and rss* items, a count for the ctxt_switches items',
    source: '/proc/<pid>/status',
    isContract: false,
  },
  kata_virtiofsd_threads: {
    component: 'virtiofsd',
    type: 'gauge',
    help: 'Virtiofsd process threads.',
    labels: {},
    value: 'num_threads of /proc/<pid>/stat',
    source: '/proc/<pid>/stat',
    isContract: false,
  },
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
