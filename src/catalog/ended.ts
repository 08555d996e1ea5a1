/**
 * Families of sandboxes that have ended: the final values of each, which the monitor serves until every scraper has read
 * them, and their permanent sums.
 */
import type { FamilyDefinition } from './definition.ts';

const endReasonList = ['finished', 'failed', 'panicked', 'stopped', 'shim_killed', 'unknown'] as const;

const ofFinal = { sandbox_id: [], cri_uid: [], cri_name: [], cri_namespace: [], reason: endReasonList } as const;
const ofTotal = { cri_namespace: [], runtime_handler: [] } as const;

const BY_SHIM = 'last words of the shim; without them, the last scrape and the cgroup of the pod';
const ONCE = 'in the responses to each scraper until it has read it, at most 10 minutes';
const ALL_ENDED = 'over all sandboxes that have ended; continues after a restart of the monitor';

function final<const R extends Pick<FamilyDefinition, 'help' | 'unit' | 'value'> & { readonly source?: string }>(
  row: R,
) {
  return {
    component: 'sandbox',
    type: 'gauge',
    labels: ofFinal,
    source: BY_SHIM,
    isContract: false,
    ...row,
    value: `${row.value}; ${ONCE}`,
  } as const;
}

function total<const R extends Pick<FamilyDefinition, 'help' | 'value'> & Partial<FamilyDefinition>>(row: R) {
  return {
    component: 'sandbox',
    type: 'counter',
    labels: ofTotal,
    source: BY_SHIM,
    isContract: false,
    ...row,
    value: `${row.value} ${ALL_ENDED}`,
  } as const;
}

export const endedFamilies = {
  kata_sandbox_final_cpu_seconds: final({
    unit: 'seconds',
    help: 'CPU time that the guest of an ended sandbox has used, the last value of kata_sandbox_cpu_usage_seconds_total.',
    value:
      'seconds; without a virtual machine, of the workload; absent if the guest was gone before a scrape or its shim read it',
  }),
  kata_sandbox_final_host_cpu_seconds: final({
    unit: 'seconds',
    help: 'CPU time that an ended sandbox has used on the host, the last value of kata_sandbox_host_cpu_seconds_total.',
    value:
      'seconds: the cgroup of the sandbox, and its shim with its exit; without a cgroup, hypervisor, virtiofsd and shim',
  }),
  kata_sandbox_final_memory_peak_bytes: final({
    unit: 'bytes',
    help: 'The most memory that the containers of an ended sandbox have used together, as the kernel of the guest remembers it. Without a virtual machine, its workload.',
    value:
      'bytes: memory.peak of the cgroup of all containers in the guest, without its kernel and agent; absent with other agents, if the guest was gone before its shim, and before Linux 5.19 in the guest; without a virtual machine, memory.peak or memory.max_usage_in_bytes of the cgroup of the workload',
    source: 'last words of the shim',
  }),
  kata_sandbox_final_host_memory_peak_bytes: final({
    unit: 'bytes',
    help: 'The most memory that an ended sandbox has used on the host, with its hypervisor and the memory of the guest, as the kernel remembers it.',
    value:
      'bytes: memory.peak or memory.max_usage_in_bytes of the cgroup of the sandbox, plus the peak of a shim outside of it; without a cgroup, the sum of VmHWM of its processes',
  }),
  kata_sandbox_final_network_receive_bytes: final({
    unit: 'bytes',
    help: 'Bytes that the guest of an ended sandbox has received, the last value of kata_sandbox_network_receive_bytes_total.',
    value: 'bytes over all interfaces without lo; absent without a virtual machine',
  }),
  kata_sandbox_final_network_transmit_bytes: final({
    unit: 'bytes',
    help: 'Bytes that the guest of an ended sandbox has sent, the last value of kata_sandbox_network_transmit_bytes_total.',
    value: 'bytes over all interfaces without lo; absent without a virtual machine',
  }),
  kata_sandbox_final_disk_read_bytes: final({
    unit: 'bytes',
    help: 'Bytes that the guest of an ended sandbox has read, the last value of kata_sandbox_disk_read_bytes_total.',
    value: 'bytes over all devices; absent without a virtual machine',
  }),
  kata_sandbox_final_disk_written_bytes: final({
    unit: 'bytes',
    help: 'Bytes that the guest of an ended sandbox has written, the last value of kata_sandbox_disk_written_bytes_total.',
    value: 'bytes over all devices; absent without a virtual machine',
  }),
  kata_sandbox_final_lifetime_seconds: final({
    unit: 'seconds',
    help: 'Time from the start of an ended sandbox to its end.',
    value: 'seconds',
    source: 'the shim; without last words, the container manager or the first look at the sandbox',
  }),
  kata_sandbox_final_end_time_seconds: final({
    unit: 'seconds',
    help: 'When an ended sandbox has ended.',
    value: 'seconds since 1970',
    source: 'the shim; without last words, the first look without the sandbox',
  }),
  kata_ended_sandboxes_total: total({
    help: 'Sandboxes that have ended.',
    labels: { ...ofTotal, reason: endReasonList },
    value: 'one for each sandbox,',
  }),
  kata_ended_sandboxes_cpu_seconds_total: total({
    unit: 'seconds',
    help: 'Sum of kata_sandbox_final_cpu_seconds.',
    value: 'seconds',
  }),
  kata_ended_sandboxes_host_cpu_seconds_total: total({
    unit: 'seconds',
    help: 'Sum of kata_sandbox_final_host_cpu_seconds.',
    value: 'seconds',
  }),
  kata_ended_sandboxes_network_receive_bytes_total: total({
    unit: 'bytes',
    help: 'Sum of kata_sandbox_final_network_receive_bytes.',
    value: 'bytes',
  }),
  kata_ended_sandboxes_network_transmit_bytes_total: total({
    unit: 'bytes',
    help: 'Sum of kata_sandbox_final_network_transmit_bytes.',
    value: 'bytes',
  }),
  kata_ended_sandboxes_disk_read_bytes_total: total({
    unit: 'bytes',
    help: 'Sum of kata_sandbox_final_disk_read_bytes.',
    value: 'bytes',
  }),
  kata_ended_sandboxes_disk_written_bytes_total: total({
    unit: 'bytes',
    help: 'Sum of kata_sandbox_final_disk_written_bytes.',
    value: 'bytes',
  }),
  kata_ended_sandboxes_lifetime_seconds_total: total({
    unit: 'seconds',
    help: 'Sum of kata_sandbox_final_lifetime_seconds.',
    value: 'seconds',
  }),
  kata_monitor_final_sandboxes_dropped_total: {
    component: 'monitor',
    type: 'counter',
    help: 'Ended sandboxes whose final values were dropped before every scraper had read them, or never accepted.',
    labels: { reason: ['age', 'bytes', 'count', 'invalid', 'mailbox_full'] },
    value:
      'sandboxes; age, count and bytes are the limits of 10 minutes, 1000 sandboxes and 10 MiB, after which only the totals have them; invalid files and those for which the mailbox was full are not in the totals either',
    source: 'a counter of the monitor; continues after its restart',
    isContract: false,
  },
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
