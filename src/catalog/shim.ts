/**
 * Families of kata-shim about itself, and about the overhead of a sandbox.
 */

import { type FamilyDefinition, withPrefix } from './definition.ts';
import { hypervisorKinds } from './hypervisors.ts';
import {
  agentRpcActions,
  hostIoItems,
  hostProcStatusItems,
  netDevItems,
  procStatItems,
  shimRpcActions,
} from './items.ts';
import { cgroupLimitFamilies, pressureFamilies } from './pressure.ts';

const A_SANDBOX = 'the sandbox on the host';

export const shimFamilies = {
  kata_shim_agent_rpc_durations_histogram_milliseconds: {
    component: 'shim',
    type: 'histogram',
    unit: 'milliseconds',
    help: 'RPC latency distributions. Duration of RPCs from the shim to the agent, in milliseconds.',
    labels: { action: agentRpcActions },
    value: 'wall time of each RPC from the shim to the agent; buckets 1,2,4,...,512',
    source: 'a histogram of the shim',
    isContract: true,
  },
  kata_shim_fds: {
    component: 'shim',
    type: 'gauge',
    help: 'Kata containerd shim v2 open FDs.',
    labels: {},
    value: 'entries of /proc/<pid>/fd',
    source: '/proc/<pid>/fd',
    isContract: true,
  },
  kata_shim_io_stat: {
    component: 'shim',
    type: 'gauge',
    help: 'Kata containerd shim v2 process IO statistics. Bytes or calls since the process started, from /proc/<pid>/io.',
    labels: { item: hostIoItems },
    value: 'bytes or calls; item names have no underscores',
    source: '/proc/<pid>/io',
    isContract: true,
  },
  kata_shim_netdev: {
    component: 'shim',
    type: 'gauge',
    help: 'Kata containerd shim v2 network devices statistics. Bytes and packets, from /proc/<pid>/net/dev.',
    labels: { interface: [], item: netDevItems },
    value: 'bytes or counts, as in /proc/<pid>/net/dev',
    source: '/proc/<pid>/net/dev',
    isContract: true,
  },
  kata_shim_pod_overhead_cpu: {
    component: 'shim',
    type: 'gauge',
    unit: 'percent',
    help: 'Kata Pod overhead for CPU resources(percent). Host CPU time of the sandbox minus CPU time of its containers, in percent of one CPU.',
    labels: {},
    value:
      'percent of one CPU: host CPU of the sandbox minus CPU of its containers in the guest, over the last minute or slightly longer; absent during the first minute, and if it would be negative',
    source:
      'the cgroup of the sandbox, or /proc/<pid>/stat of its processes; StatsContainer of its containers, or kata_guest_cpu_time; the difference between two requests',
    isContract: true,
  },
  kata_shim_pod_overhead_memory_in_bytes: {
    component: 'shim',
    type: 'gauge',
    unit: 'bytes',
    help: 'Kata Pod overhead for memory resources(bytes). Host memory of the sandbox minus memory of its containers.',
    labels: {},
    value:
      'bytes: host memory of the sandbox minus memory of its containers in the guest; absent if it would be negative',
    source:
      'the cgroup of the sandbox, or RssAnon, RssShmem and VmPTE of /proc/<pid>/status of its processes; StatsContainer of its containers, or kata_guest_meminfo',
    isContract: true,
  },
  kata_shim_proc_stat: {
    component: 'shim',
    type: 'gauge',
    help: 'Kata containerd shim v2 process statistics. CPU time in clock ticks, from /proc/<pid>/stat.',
    labels: { item: procStatItems },
    value: 'clock ticks, as in /proc/<pid>/stat',
    source: '/proc/<pid>/stat',
    isContract: true,
  },
  kata_shim_proc_status: {
    component: 'shim',
    type: 'gauge',
    help: 'Kata containerd shim v2 process status. Memory in KiB, context switches as a count, from /proc/<pid>/status.',
    labels: { item: hostProcStatusItems },
    value: 'KiB for vm* and rss* items, a count for the ctxt_switches items',
    source: '/proc/<pid>/status',
    isContract: true,
  },
  kata_shim_rpc_durations_histogram_milliseconds: {
    component: 'shim',
    type: 'histogram',
    unit: 'milliseconds',
    help: 'RPC latency distributions. Duration of requests from the container manager to the shim, in milliseconds.',
    labels: { action: shimRpcActions },
    value: 'wall time of each RPC that the container manager makes to the shim; buckets 1,2,4,...,512',
    source: 'a histogram of the shim',
    isContract: true,
  },
  kata_shim_threads: {
    component: 'shim',
    type: 'gauge',
    help: 'Kata containerd shim v2 process threads.',
    labels: {},
    value: 'num_threads of /proc/<pid>/stat',
    source: '/proc/<pid>/stat',
    isContract: true,
  },
  kata_shim_agent_ready_seconds: {
    component: 'shim',
    type: 'gauge',
    unit: 'seconds',
    help: 'Time from the start of the shim until the agent was ready.',
    labels: {},
    value:
      'wall time; absent before, and where the shim cannot know: for other hypervisors than QEMU, and with kata-shim attach',
    source: 'the event VSERPORT_CHANGE of QEMU for the port of the agent',
    isContract: false,
  },
  kata_shim_first_container_seconds: {
    component: 'shim',
    type: 'gauge',
    unit: 'seconds',
    help: 'Time from the start of the shim until the first container of the pod was started.',
    labels: {},
    value: 'wall time; absent before, and for a sandbox without a container manager',
    source: 'the first start of a container in the guest; the pause container is not in the guest',
    isContract: false,
  },
  kata_shim_sandbox_info: {
    component: 'shim',
    type: 'gauge',
    help: 'Hypervisor, agent and guest kernel of the sandbox.',
    labels: {
      hypervisor: hypervisorKinds,
      hypervisor_version: [],
      agent_version: [],
      guest_kernel: [],
      machine: [],
      accelerator: ['', 'kvm', 'tcg'],
    },
    value: 'always 1; a label is empty if the shim does not know the value',
    source: 'the monitor of the hypervisor, the kernel image, and GetGuestDetails of the agent',
    isContract: false,
  },
  kata_shim_agent_up: {
    component: 'shim',
    type: 'gauge',
    help: 'Whether the agent responded to GetMetrics for this request.',
    labels: {},
    value: '1 or 0',
    source: 'the GetMetrics call of this request',
    isContract: false,
  },
  kata_shim_agent_error: {
    component: 'shim',
    type: 'gauge',
    help: 'Why metrics of the agent are missing, incomplete or late for this request.',
    labels: {
      reason: [
        'connect',
        'deadline',
        'denied',
        'disconnected',
        'invalid',
        'slow',
        'too_large',
        'unimplemented',
        'internal',
      ],
    },
    value:
      '1 under the reason; absent when the response of the agent was complete. slow with kata_shim_agent_up 1: the metrics of the agent are those of the previous request, at most 2 minutes old, because the agent needs more time than a request waits for it',
    source: 'the GetMetrics call of this request',
    isContract: false,
  },
  kata_shim_agent_refused_samples_total: {
    component: 'shim',
    type: 'counter',
    help: 'Samples of the agent that the shim dropped.',
    labels: { reason: [] },
    value: 'samples since the shim started',
    source: "the shim's checks of the GetMetrics response",
    isContract: false,
  },
  kata_shim_skipped_lines: {
    component: 'shim',
    type: 'counter',
    help: 'Lines of files in /proc and in cgroups of the host that the shim could not parse and skipped, in whole or in part.',
    labels: { file: [] },
    value: 'lines since the shim started; absent for a file without skipped lines',
    source: "the shim's parsers; `pid/…` are files of the sandbox's processes",
    isContract: false,
  },
  ...withPrefix(
    'kata_shim_sandbox_',
    'shim',
    pressureFamilies({
      of: A_SANDBOX,
      labels: {},
      file: (resource) => `${resource}.pressure of the sandbox's cgroup (v2)`,
    }),
  ),
  ...withPrefix(
    'kata_shim_sandbox_',
    'shim',
    cgroupLimitFamilies({ of: A_SANDBOX, labels: {}, where: "the sandbox's cgroup" }),
  ),
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
