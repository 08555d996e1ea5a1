/**
 * Figures of a sandbox in base units, which mean the same whatever made the sandbox: the monitor works them out from what
 * the shim gives (src/derived-metrics). One that cannot be known is absent.
 */
import type { FamilyDefinition } from './definition.ts';

type Row = Omit<FamilyDefinition, 'component' | 'isContract'>;

function figure<const R extends Row>(row: R) {
  return { component: 'sandbox', isContract: false, ...row } as const;
}

const netDevSource = 'kata_guest_netdev_stat';
const ofInterface = { interface: [] } as const;
const diskSource = 'kata_guest_diskstat';
const ofDevice = { device: [] } as const;
const notLo = 'since the guest started; lo is left out';
const everyDevice =
  'since the guest started; a partition counts again what its disk counts, and loop, ram and zram devices are left out';
const fsSource = 'kata_guest_filesystem_bytes';
const ofMount = { mountpoint: [], device: [] } as const;
const hostSource = '{kata_hypervisor,kata_virtiofsd,kata_shim}';
const hostParts = 'hypervisor, virtiofsd and shim';

export const sandboxFigureFamilies = {
  kata_sandbox_cpu_usage_seconds_total: figure({
    type: 'counter',
    unit: 'seconds',
    help: 'CPU time of the guest, all but idle and iowait, from kata_guest_cpu_time.',
    labels: {},
    value: 'seconds since the guest started: user, nice, system, irq, softirq and steal of cpu="total"',
    source: 'kata_guest_cpu_time',
  }),
  kata_sandbox_cpu_cores: figure({
    type: 'gauge',
    help: 'CPUs of the guest that are online, from kata_guest_cpu_time.',
    labels: {},
    value: 'a count of its cpu labels but "total"',
    source: 'kata_guest_cpu_time',
  }),
  kata_sandbox_memory_total_bytes: figure({
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory that the guest kernel has, from kata_guest_meminfo.',
    labels: {},
    value: 'bytes: mem_total',
    source: 'kata_guest_meminfo',
  }),
  kata_sandbox_memory_available_bytes: figure({
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of the guest that can be used without swapping, from kata_guest_meminfo.',
    labels: {},
    value: 'bytes: mem_available',
    source: 'kata_guest_meminfo',
  }),
  kata_sandbox_memory_working_set_bytes: figure({
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of the guest in use, total less available, from kata_guest_meminfo.',
    labels: {},
    value: 'bytes: mem_total less mem_available',
    source: 'kata_guest_meminfo',
  }),
  kata_sandbox_network_receive_bytes_total: figure({
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes that the guest has received, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `bytes ${notLo}`,
    source: netDevSource,
  }),
  kata_sandbox_network_receive_packets_total: figure({
    type: 'counter',
    help: 'Packets that the guest has received, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${notLo}`,
    source: netDevSource,
  }),
  kata_sandbox_network_receive_errors_total: figure({
    type: 'counter',
    help: 'Errors of the guest at receiving, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${notLo}`,
    source: netDevSource,
  }),
  kata_sandbox_network_receive_dropped_total: figure({
    type: 'counter',
    help: 'Received packets that the guest has dropped, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${notLo}`,
    source: netDevSource,
  }),
  kata_sandbox_network_transmit_bytes_total: figure({
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes that the guest has sent, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `bytes ${notLo}`,
    source: netDevSource,
  }),
  kata_sandbox_network_transmit_packets_total: figure({
    type: 'counter',
    help: 'Packets that the guest has sent, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${notLo}`,
    source: netDevSource,
  }),
  kata_sandbox_network_transmit_errors_total: figure({
    type: 'counter',
    help: 'Errors of the guest at sending, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${notLo}`,
    source: netDevSource,
  }),
  kata_sandbox_network_transmit_dropped_total: figure({
    type: 'counter',
    help: 'Packets to be sent that the guest has dropped, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${notLo}`,
    source: netDevSource,
  }),
  kata_sandbox_disk_read_bytes_total: figure({
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes that the guest has read from its disks, from kata_guest_diskstat.',
    labels: ofDevice,
    value: `bytes, sectors_read x 512, ${everyDevice}`,
    source: diskSource,
  }),
  kata_sandbox_disk_written_bytes_total: figure({
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes that the guest has written to its disks, from kata_guest_diskstat.',
    labels: ofDevice,
    value: `bytes, sectors_written x 512, ${everyDevice}`,
    source: diskSource,
  }),
  kata_sandbox_disk_reads_total: figure({
    type: 'counter',
    help: 'Reads that the disks of the guest have completed, from kata_guest_diskstat.',
    labels: ofDevice,
    value: `a count ${everyDevice}`,
    source: diskSource,
  }),
  kata_sandbox_disk_writes_total: figure({
    type: 'counter',
    help: 'Writes that the disks of the guest have completed, from kata_guest_diskstat.',
    labels: ofDevice,
    value: `a count ${everyDevice}`,
    source: diskSource,
  }),
  kata_sandbox_filesystem_size_bytes: figure({
    type: 'gauge',
    unit: 'bytes',
    help: 'Size of the file systems of the guest, from kata_guest_filesystem_bytes.',
    labels: ofMount,
    value: 'bytes: total',
    source: fsSource,
  }),
  kata_sandbox_filesystem_available_bytes: figure({
    type: 'gauge',
    unit: 'bytes',
    help: 'What can still be written to the file systems of the guest, from kata_guest_filesystem_bytes.',
    labels: ofMount,
    value:
      'bytes: available_unprivileged; with the Rust agent available, which on ext4 has the blocks in it that are reserved for root',
    source: fsSource,
  }),
  kata_sandbox_load1: figure({
    type: 'gauge',
    help: 'Load of the guest over one minute, from kata_guest_load.',
    labels: {},
    value: 'runnable and uninterruptible tasks',
    source: 'kata_guest_load',
  }),
  kata_sandbox_tasks: figure({
    type: 'gauge',
    help: 'Tasks that exist in the guest, from kata_guest_tasks.',
    labels: {},
    value: 'a count of processes and threads: max',
    source: 'kata_guest_tasks',
  }),
  kata_sandbox_guest_uptime_seconds: figure({
    type: 'gauge',
    unit: 'seconds',
    help: 'Time since the guest was started, from kata_guest_uptime_seconds.',
    labels: {},
    value: 'seconds; absent with agents that do not say it',
    source: 'kata_guest_uptime_seconds',
  }),
  kata_sandbox_host_memory_bytes: figure({
    type: 'gauge',
    unit: 'bytes',
    help: `Resident memory of ${hostParts} on the host, from their proc_status.`,
    labels: {},
    value: 'bytes: sum of vmrss; memory that two of them share is in it twice; absent when one of them is not known',
    source: `${hostSource}_proc_status`,
  }),
  kata_sandbox_host_cpu_seconds_total: figure({
    type: 'counter',
    unit: 'seconds',
    help: `CPU time of ${hostParts} on the host, from their proc_stat.`,
    labels: {},
    value: 'seconds: sum of utime and stime at 100 ticks per second; absent when one of them is not known',
    source: `${hostSource}_proc_stat`,
  }),
  kata_sandbox_overhead_memory_bytes: figure({
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory that the sandbox costs the host beyond what its containers use, from kata_shim_pod_overhead_memory_in_bytes.',
    labels: {},
    value:
      'bytes, as the shim measures it by the cgroup of the sandbox; absent with runtime-rs, which does not measure it, with a Go shim that has not measured it yet (0), and where an unsigned number has wrapped below 0',
    source: 'kata_shim_pod_overhead_memory_in_bytes',
  }),
} as const satisfies Readonly<Record<string, FamilyDefinition>>;

export type DerivedMetricName = keyof typeof sandboxFigureFamilies;
