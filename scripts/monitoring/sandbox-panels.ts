/**
 * The panels about one sandbox.
 */
import { everySource, ofSandbox, type Panel } from './panel.ts';

const wholeDisk = 'device!~"[hsv]d[a-z]+[0-9]+|(?:nvme|mmcblk|pmem).*p[0-9]+"';

const noHypervisor = 'recorded while its sandbox had no hypervisor';
const noOverhead = 'runtime-rs does not measure it';
const olderAgent = 'its agent reports no file systems';
const noPressure = 'its agent reports no pressure';
const noContainers = 'its agent reports no containers';
const noHostCgroup = 'its shim reports no cgroup of the host';
const noCgroupV2 = 'the host of the test has cgroup v1, or the sandbox has no separate cgroup';
const noVirtualCpus = 'its shim does not read the threads of virtual CPUs';
const noMachine = 'it has no virtual machine';
const noBalloon = 'its machine has no balloon';
const notCloudHypervisor = 'its hypervisor is not Cloud Hypervisor';
const noInterface = 'a machine of kata-shim run has no network interface but lo';

const ofHostCgroup = {
  emptyFor: everySource(noHostCgroup, { 'kata-shim': noCgroupV2, 'kata-shim process': noCgroupV2 }),
  dependsOnHost: true,
};

export const sandboxPanels: readonly Panel[] = [
  {
    title: 'Shim and guest respond',
    kind: 'stat',
    unit: 'short',
    description: '1 if it responds, otherwise 0.',
    queries: [
      { expression: `kata_sandbox_up{${ofSandbox}}`, legend: 'shim' },
      { expression: `kata_sandbox_guest_up{${ofSandbox}}`, legend: 'guest' },
    ],
  },
  {
    title: 'In this state for',
    kind: 'stat',
    unit: 's',
    description: 'Time since the current state of the sandbox began.',
    queries: [{ expression: `time() - kata_sandbox_state_start_time_seconds{${ofSandbox}}`, legend: 'state' }],
  },
  {
    title: 'Restarts and killed processes',
    kind: 'stat',
    unit: 'short',
    description:
      'Restarts of guest or shim since the monitor found the sandbox. Processes that the kernel of the guest has killed since it started, because memory was short, and those of the sandbox that the kernel of the host has killed.',
    queries: [
      { expression: `kata_sandbox_restarts_total{${ofSandbox}}`, legend: 'restarts' },
      { expression: `kata_sandbox_oom_kills_total{${ofSandbox}}`, legend: 'killed in the guest' },
      {
        expression: `kata_shim_sandbox_oom_kills_total{${ofSandbox}}`,
        legend: 'killed on the host',
        ...ofHostCgroup,
      },
    ],
  },
  {
    title: 'State',
    kind: 'timeseries',
    unit: 'short',
    description: 'The current state. The profile minimal omits it.',
    queries: [{ expression: `kata_sandbox_state{${ofSandbox}} == 1`, legend: '{{state}}' }],
  },
  {
    title: 'CPU',
    kind: 'timeseries',
    unit: 'short',
    description: 'CPU usage of the guest and of its processes on the host, and the number of CPUs of the guest.',
    queries: [
      { expression: `rate(kata_sandbox_cpu_usage_seconds_total{${ofSandbox}}[$__rate_interval])`, legend: 'guest' },
      {
        expression: `rate(kata_sandbox_host_cpu_seconds_total{${ofSandbox}}[$__rate_interval])`,
        legend: 'host',
        emptyFor: { Go: noHypervisor },
      },
      { expression: `kata_sandbox_cpu_cores{${ofSandbox}}`, legend: 'CPUs of the guest', isLimit: true },
    ],
  },
  {
    title: 'Memory',
    kind: 'timeseries',
    unit: 'bytes',
    description: 'Working set of the guest, resident memory on the host, overhead, and total memory of the guest.',
    queries: [
      { expression: `kata_sandbox_memory_working_set_bytes{${ofSandbox}}`, legend: 'guest' },
      { expression: `kata_sandbox_host_memory_bytes{${ofSandbox}}`, legend: 'host', emptyFor: { Go: noHypervisor } },
      {
        expression: `kata_sandbox_overhead_memory_bytes{${ofSandbox}}`,
        legend: 'overhead',
        emptyFor: {
          'runtime-rs': noOverhead,
          Go: 'it reports 0: not measured yet',
          'Go with a hypervisor': 'not in the generated body',
        },
      },
      {
        expression: `kata_hypervisor_balloon_guest_memory_bytes{${ofSandbox}}`,
        legend: 'left by the balloon',
        emptyFor: everySource(noBalloon),
      },
      { expression: `kata_sandbox_memory_total_bytes{${ofSandbox}}`, legend: 'memory of the guest', isLimit: true },
    ],
  },
  {
    title: 'Steal and waiting for disks',
    kind: 'timeseries',
    unit: 'percentunit',
    description: 'As a ratio of the time of one CPU.',
    queries: [
      {
        expression: `rate(kata_guest_cpu_time{cpu="total",item=~"steal|iowait",${ofSandbox}}[$__rate_interval]) / 1000`,
        legend: '{{item}}',
      },
    ],
  },
  {
    title: 'Load for each CPU',
    kind: 'timeseries',
    unit: 'short',
    description: 'Above 1, tasks wait for a CPU.',
    queries: [
      { expression: `kata_sandbox_load1{${ofSandbox}} / kata_sandbox_cpu_cores`, legend: 'load' },
      { expression: 'vector(1)', legend: 'all CPUs busy', isLimit: true },
    ],
  },
  {
    title: 'Network',
    kind: 'timeseries',
    unit: 'Bps',
    description: 'Bytes per second.',
    queries: [
      {
        expression: `rate(kata_sandbox_network_receive_bytes_total{${ofSandbox}}[$__rate_interval])`,
        legend: '{{interface}} received',
        emptyFor: { 'kata-shim': noInterface },
      },
      {
        expression: `rate(kata_sandbox_network_transmit_bytes_total{${ofSandbox}}[$__rate_interval])`,
        legend: '{{interface}} sent',
        emptyFor: { 'kata-shim': noInterface },
      },
    ],
  },
  {
    title: 'Packets lost',
    kind: 'timeseries',
    unit: 'ops',
    description: 'Errors and dropped packets per second.',
    queries: [
      {
        expression: `rate(kata_sandbox_network_receive_dropped_total{${ofSandbox}}[$__rate_interval]) + rate(kata_sandbox_network_receive_errors_total{${ofSandbox}}[$__rate_interval])`,
        legend: '{{interface}} received',
        emptyFor: { 'kata-shim': noInterface },
      },
      {
        expression: `rate(kata_sandbox_network_transmit_dropped_total{${ofSandbox}}[$__rate_interval]) + rate(kata_sandbox_network_transmit_errors_total{${ofSandbox}}[$__rate_interval])`,
        legend: '{{interface}} sent',
        emptyFor: { 'kata-shim': noInterface },
      },
    ],
  },
  {
    title: 'Disks',
    kind: 'timeseries',
    unit: 'Bps',
    description: 'Bytes per second, for whole disks only.',
    queries: [
      {
        expression: `rate(kata_sandbox_disk_read_bytes_total{${wholeDisk},${ofSandbox}}[$__rate_interval])`,
        legend: '{{device}} read',
      },
      {
        expression: `rate(kata_sandbox_disk_written_bytes_total{${wholeDisk},${ofSandbox}}[$__rate_interval])`,
        legend: '{{device}} written',
      },
    ],
  },
  {
    title: 'File systems',
    kind: 'timeseries',
    unit: 'percentunit',
    description: 'Used ratio. The dashed line is the threshold of KataGuestDiskSpaceLow.',
    queries: [
      {
        expression: `1 - kata_sandbox_filesystem_available_bytes{${ofSandbox}} / kata_sandbox_filesystem_size_bytes`,
        legend: '{{mountpoint}}',
        emptyFor: { Go: olderAgent, 'Go with a hypervisor': olderAgent, 'runtime-rs': olderAgent },
      },
      { expression: 'vector(0.9)', legend: 'alert', isLimit: true },
    ],
  },
  {
    title: 'Pressure in the guest',
    kind: 'timeseries',
    unit: 'percentunit',
    description: 'Ratio of time in which at least one task of the guest waited for a CPU, for memory or for I/O.',
    queries: (['cpu', 'memory', 'io'] as const).map((resource) => ({
      expression: `rate(kata_guest_pressure_${resource}_waiting_seconds_total{${ofSandbox}}[$__rate_interval])`,
      legend: resource,
      emptyFor: { Go: noPressure, 'Go with a hypervisor': noPressure, 'runtime-rs': noPressure },
    })),
  },
  {
    title: 'Pressure in the containers',
    kind: 'timeseries',
    unit: 'percentunit',
    description: 'Ratio of time in which at least one task of a container in the guest waited for memory or I/O.',
    queries: (['memory', 'io'] as const).map((resource) => ({
      expression: `rate(kata_guest_container_pressure_${resource}_waiting_seconds_total{${ofSandbox}}[$__rate_interval])`,
      legend: `{{container_id}} ${resource}`,
      emptyFor: everySource(noContainers, { 'kata-shim': undefined, 'kata-shim process': 'it has no containers' }),
    })),
  },
  {
    title: 'CPU limits',
    kind: 'timeseries',
    unit: 'percentunit',
    description:
      'Ratio of time for which a CPU limit throttled a container in the guest, and the sandbox on the host, summed over CPUs.',
    queries: [
      {
        expression: `rate(kata_guest_container_cpu_cfs_throttled_seconds_total{${ofSandbox}}[$__rate_interval])`,
        legend: '{{container_id}}',
        emptyFor: everySource(noContainers, { 'kata-shim': undefined, 'kata-shim process': 'it has no containers' }),
      },
      {
        expression: `rate(kata_shim_sandbox_cpu_cfs_throttled_seconds_total{${ofSandbox}}[$__rate_interval])`,
        legend: 'sandbox',
        ...ofHostCgroup,
      },
    ],
  },
  {
    title: 'Waiting on the host',
    kind: 'timeseries',
    unit: 'percentunit',
    description:
      'Ratio of time that the threads of the virtual CPUs waited for a CPU of the host, summed over them, and that at least one task of the sandbox waited on the host.',
    queries: [
      {
        expression: `sum without (cpu) (rate(kata_hypervisor_vcpu_wait_seconds_total{${ofSandbox}}[$__rate_interval]))`,
        legend: 'virtual CPUs',
        emptyFor: everySource(noVirtualCpus, { 'kata-shim': undefined, 'kata-shim process': noMachine }),
      },
      ...(['cpu', 'memory', 'io'] as const).map((resource) => ({
        expression: `rate(kata_shim_sandbox_pressure_${resource}_waiting_seconds_total{${ofSandbox}}[$__rate_interval])`,
        legend: resource,
        ...ofHostCgroup,
      })),
    ],
  },
  {
    title: 'Major page faults and swap',
    kind: 'timeseries',
    unit: 'ops',
    description:
      'Pages that the guest has read from a disk because they were not in memory, and pages that it has swapped.',
    queries: [
      {
        expression: `rate(kata_sandbox_memory_major_page_faults_total{${ofSandbox}}[$__rate_interval])`,
        legend: 'major page faults',
      },
      {
        expression: `rate(kata_guest_vm_stat{item=~"pswpin|pswpout",${ofSandbox}}[$__rate_interval])`,
        legend: '{{item}}',
      },
    ],
  },
  {
    title: 'Disks, as Cloud Hypervisor serves them',
    kind: 'timeseries',
    unit: 'Bps',
    description: 'Bytes per second, counted outside of the guest.',
    queries: [
      {
        expression: `rate(kata_sandbox_hypervisor_disk_read_bytes_total{${ofSandbox}}[$__rate_interval])`,
        legend: '{{device}} read',
        emptyFor: everySource(notCloudHypervisor, { Go: undefined }),
      },
      {
        expression: `rate(kata_sandbox_hypervisor_disk_written_bytes_total{${ofSandbox}}[$__rate_interval])`,
        legend: '{{device}} written',
        emptyFor: everySource(notCloudHypervisor, { Go: undefined }),
      },
    ],
  },
  {
    title: 'Latency of the disks of Cloud Hypervisor',
    kind: 'timeseries',
    unit: 's',
    description: 'Mean since the disk was made, outside of the guest.',
    queries: (['read', 'write'] as const).map((kind) => ({
      expression: `kata_sandbox_hypervisor_disk_${kind}_latency_seconds{statistic="mean",${ofSandbox}}`,
      legend: `{{device}} ${kind}`,
      emptyFor: everySource(notCloudHypervisor, { Go: undefined }),
    })),
  },
  {
    title: 'Duration of the response',
    kind: 'timeseries',
    unit: 's',
    description: 'Duration of the request to the shim, which includes the call to its agent.',
    queries: [{ expression: `kata_sandbox_scrape_duration_seconds{${ofSandbox}}`, legend: 'shim' }],
  },
  {
    title: 'Samples',
    kind: 'timeseries',
    unit: 'short',
    description: 'Samples of the sandbox in one scrape. The dashed line is the limit.',
    queries: [
      { expression: `kata_sandbox_scrape_samples{${ofSandbox}}`, legend: 'samples' },
      { expression: 'vector(20000)', legend: '--max-samples', isLimit: true },
    ],
  },
];
