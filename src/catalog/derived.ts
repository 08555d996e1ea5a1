/**
 * Metrics of a sandbox in base units, with the same meaning for every runtime. The monitor derives them from the metrics of
 * the shim (src/derived-metrics). A metric that cannot be derived is absent.
 */
import type { FamilyDefinition } from './definition.ts';

type Row = Omit<FamilyDefinition, 'component' | 'isContract'>;

function derived<const R extends Row>(row: R) {
  return { component: 'sandbox', isContract: false, ...row } as const;
}

const NET_DEV_SOURCE = 'kata_guest_netdev_stat';
const ofInterface = { interface: [] } as const;
const DISK_SOURCE = 'kata_guest_diskstat';
const ofDevice = { device: [] } as const;
const NOT_LO = 'since the guest started; without lo';
const everyDevice =
  'since the guest started; I/O of a partition also counts for its disk; without loop, ram and zram devices';
const FS_SOURCE = 'kata_guest_filesystem_bytes';
const ofMount = { mountpoint: [], device: [] } as const;
const HOST_SOURCE = '{kata_hypervisor,kata_virtiofsd,kata_shim}';
const HOST_PARTS = 'hypervisor, virtiofsd and shim';

export const derivedFamilies = {
  kata_sandbox_cpu_usage_seconds_total: derived({
    type: 'counter',
    unit: 'seconds',
    help: 'CPU time of the guest except idle and iowait, from kata_guest_cpu_time.',
    labels: {},
    value: 'seconds since the guest started: user, nice, system, irq, softirq and steal of cpu="total"',
    source: 'kata_guest_cpu_time',
  }),
  kata_sandbox_cpu_steal_seconds_total: derived({
    type: 'counter',
    unit: 'seconds',
    help: 'CPU time that the host withheld from the guest, from kata_guest_cpu_time.',
    labels: {},
    value: 'seconds since the guest started: steal of cpu="total"; 0 if the hypervisor does not report it to the guest',
    source: 'kata_guest_cpu_time',
  }),
  kata_sandbox_cpu_cores: derived({
    type: 'gauge',
    help: 'Number of online CPUs of the guest, from kata_guest_cpu_time.',
    labels: {},
    value: 'the number of values of its label cpu, without "total"',
    source: 'kata_guest_cpu_time',
  }),
  kata_sandbox_memory_total_bytes: derived({
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of the guest, as its kernel reports it, from kata_guest_meminfo.',
    labels: {},
    value: 'bytes: mem_total',
    source: 'kata_guest_meminfo',
  }),
  kata_sandbox_memory_available_bytes: derived({
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of the guest that can be used without swapping, from kata_guest_meminfo.',
    labels: {},
    value: 'bytes: mem_available',
    source: 'kata_guest_meminfo',
  }),
  kata_sandbox_memory_working_set_bytes: derived({
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of the guest in use, total minus available, from kata_guest_meminfo.',
    labels: {},
    value: 'bytes: mem_total minus mem_available',
    source: 'kata_guest_meminfo',
  }),
  kata_sandbox_memory_major_page_faults_total: derived({
    type: 'counter',
    help: 'Page faults of the guest that read from a disk, from kata_guest_vm_stat.',
    labels: {},
    value: 'a count since the guest started: pgmajfault',
    source: 'kata_guest_vm_stat',
  }),
  kata_sandbox_oom_kills_total: derived({
    type: 'counter',
    help: 'Processes of the guest that its kernel killed because memory was short, from kata_guest_vm_stat.',
    labels: {},
    value:
      'a count since the guest started: oom_kill; both kills for a limit of a container and kills because the guest had no memory left',
    source: 'kata_guest_vm_stat',
  }),
  kata_sandbox_network_receive_bytes_total: derived({
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes received by the guest, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `bytes ${NOT_LO}`,
    source: NET_DEV_SOURCE,
  }),
  kata_sandbox_network_receive_packets_total: derived({
    type: 'counter',
    help: 'Packets received by the guest, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${NOT_LO}`,
    source: NET_DEV_SOURCE,
  }),
  kata_sandbox_network_receive_errors_total: derived({
    type: 'counter',
    help: 'Receive errors of the guest, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${NOT_LO}`,
    source: NET_DEV_SOURCE,
  }),
  kata_sandbox_network_receive_dropped_total: derived({
    type: 'counter',
    help: 'Received packets dropped by the guest, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${NOT_LO}`,
    source: NET_DEV_SOURCE,
  }),
  kata_sandbox_network_transmit_bytes_total: derived({
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes sent by the guest, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `bytes ${NOT_LO}`,
    source: NET_DEV_SOURCE,
  }),
  kata_sandbox_network_transmit_packets_total: derived({
    type: 'counter',
    help: 'Packets sent by the guest, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${NOT_LO}`,
    source: NET_DEV_SOURCE,
  }),
  kata_sandbox_network_transmit_errors_total: derived({
    type: 'counter',
    help: 'Transmit errors of the guest, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${NOT_LO}`,
    source: NET_DEV_SOURCE,
  }),
  kata_sandbox_network_transmit_dropped_total: derived({
    type: 'counter',
    help: 'Outgoing packets dropped by the guest, from kata_guest_netdev_stat.',
    labels: ofInterface,
    value: `a count ${NOT_LO}`,
    source: NET_DEV_SOURCE,
  }),
  kata_sandbox_disk_read_bytes_total: derived({
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes read by the guest from its disks, from kata_guest_diskstat.',
    labels: ofDevice,
    value: `bytes, sectors_read x 512, ${everyDevice}`,
    source: DISK_SOURCE,
  }),
  kata_sandbox_disk_written_bytes_total: derived({
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes written by the guest to its disks, from kata_guest_diskstat.',
    labels: ofDevice,
    value: `bytes, sectors_written x 512, ${everyDevice}`,
    source: DISK_SOURCE,
  }),
  kata_sandbox_disk_reads_total: derived({
    type: 'counter',
    help: 'Reads completed by the disks of the guest, from kata_guest_diskstat.',
    labels: ofDevice,
    value: `a count ${everyDevice}`,
    source: DISK_SOURCE,
  }),
  kata_sandbox_disk_writes_total: derived({
    type: 'counter',
    help: 'Writes completed by the disks of the guest, from kata_guest_diskstat.',
    labels: ofDevice,
    value: `a count ${everyDevice}`,
    source: DISK_SOURCE,
  }),
  kata_sandbox_filesystem_size_bytes: derived({
    type: 'gauge',
    unit: 'bytes',
    help: 'Size of the file systems of the guest, from kata_guest_filesystem_bytes.',
    labels: ofMount,
    value: 'bytes: total',
    source: FS_SOURCE,
  }),
  kata_sandbox_filesystem_available_bytes: derived({
    type: 'gauge',
    unit: 'bytes',
    help: 'Space available to unprivileged users in the file systems of the guest, from kata_guest_filesystem_bytes.',
    labels: ofMount,
    value:
      'bytes: available_unprivileged; with the Rust agent available, which on ext4 includes the blocks reserved for root',
    source: FS_SOURCE,
  }),
  kata_sandbox_load1: derived({
    type: 'gauge',
    help: 'Load average of the guest over 1 minute, from kata_guest_load.',
    labels: {},
    value: 'runnable and uninterruptible tasks',
    source: 'kata_guest_load',
  }),
  kata_sandbox_tasks: derived({
    type: 'gauge',
    help: 'Number of tasks in the guest, from kata_guest_tasks.',
    labels: {},
    value: 'the number of processes and threads: max',
    source: 'kata_guest_tasks',
  }),
  kata_sandbox_guest_uptime_seconds: derived({
    type: 'gauge',
    unit: 'seconds',
    help: 'Time since the guest was started, from kata_guest_uptime_seconds.',
    labels: {},
    value: 'seconds; absent with agents that do not report it',
    source: 'kata_guest_uptime_seconds',
  }),
  kata_sandbox_host_memory_bytes: derived({
    type: 'gauge',
    unit: 'bytes',
    help: `Resident memory of ${HOST_PARTS} on the host, from their proc_status.`,
    labels: {},
    value: 'bytes: sum of vmrss; shared memory counts once for each process; absent if one of them is unknown',
    source: `${HOST_SOURCE}_proc_status`,
  }),
  kata_sandbox_host_cpu_seconds_total: derived({
    type: 'counter',
    unit: 'seconds',
    help: `CPU time of ${HOST_PARTS} on the host, from their proc_stat.`,
    labels: {},
    value: 'seconds: sum of utime and stime at 100 ticks per second; absent if one of them is unknown',
    source: `${HOST_SOURCE}_proc_stat`,
  }),
  kata_sandbox_overhead_memory_bytes: derived({
    type: 'gauge',
    unit: 'bytes',
    help: 'Host memory of the sandbox beyond the memory of its containers, from kata_shim_pod_overhead_memory_in_bytes.',
    labels: {},
    value:
      'bytes, as the shim measures it from the cgroup of the sandbox; absent with runtime-rs, which does not measure it, with a Go shim that has not measured it yet (0), and if an unsigned number wrapped below 0',
    source: 'kata_shim_pod_overhead_memory_in_bytes',
  }),
} as const satisfies Readonly<Record<string, FamilyDefinition>>;

export type DerivedMetricName = keyof typeof derivedFamilies;
