/**
 * Families of kata-agent about its own process in the guest.
 */
import type { FamilyDefinition } from './definition.ts';
import { agentIoItems, agentProcStatusItems, procStatItems } from './items.ts';

export const agentFamilies = {
  kata_agent_io_stat: {
    component: 'agent',
    type: 'gauge',
    help: 'Agent process IO stat. Bytes or calls since the agent started, from /proc/self/io.',
    labels: { item: agentIoItems },
    value: 'bytes or calls, as in /proc/self/io',
    source: '/proc/self/io',
    isContract: true,
  },
  kata_agent_proc_stat: {
    component: 'agent',
    type: 'gauge',
    help: 'Agent process stat. CPU time in clock ticks, from /proc/self/stat.',
    labels: { item: procStatItems },
    value: 'clock ticks, as in /proc/self/stat',
    source: '/proc/self/stat',
    isContract: true,
  },
  kata_agent_proc_status: {
    component: 'agent',
    type: 'gauge',
    help: 'Agent process status. Memory in KiB, context switches as a count, from /proc/self/status.',
    labels: { item: agentProcStatusItems },
    value: 'KiB for vm* and rss* items, a count for the ctxt_switches items',
    source: '/proc/self/status',
    isContract: true,
  },
  kata_agent_scrape_count: {
    component: 'agent',
    type: 'counter',
    help: 'Metrics scrape count: GetMetrics calls that the agent has served.',
    labels: {},
    value: 'GetMetrics calls served since the agent started',
    source: 'a counter of the agent',
    isContract: true,
  },
  kata_agent_skipped_lines: {
    component: 'agent',
    type: 'counter',
    help: 'Lines of files in /proc and in cgroups that the agent could not parse and skipped, in whole or in part.',
    labels: { file: [] },
    value: 'lines since the agent started; absent for a file without skipped lines',
    source: "the agent's parsers; `statfs` stands for the statfs(2) results of mounted file systems",
    isContract: false,
  },
  kata_agent_total_rss: {
    component: 'agent',
    type: 'gauge',
    help: 'Agent process total `rss` size in bytes.',
    labels: {},
    value: 'bytes: stat.rss pages x page size',
    source: '/proc/self/stat',
    isContract: true,
  },
  kata_agent_total_time: {
    component: 'agent',
    type: 'gauge',
    help: 'Agent process total time on CPUs, user and system, in seconds.',
    labels: {},
    value: 'seconds: (utime+stime) / ticks per second',
    source: '/proc/self/stat',
    isContract: true,
  },
  kata_agent_total_vm: {
    component: 'agent',
    type: 'gauge',
    help: 'Agent process total `vm` size in bytes.',
    labels: {},
    value: 'bytes: stat.vsize',
    source: '/proc/self/stat',
    isContract: true,
  },
  kata_agent_threads: {
    component: 'agent',
    type: 'gauge',
    help: 'Agent process threads.',
    labels: {},
    value: 'num_threads of /proc/self/stat',
    source: '/proc/self/stat',
    isContract: false,
  },
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
