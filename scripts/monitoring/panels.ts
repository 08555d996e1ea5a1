/**
 * The panels of deploy/grafana, as one table: what each queries, its unit, and for which runtimes it stays empty,
 * with the reason. dashboards.ts makes the JSON of it; test/system/monitoring.test.ts runs each query.
 */

/** What the proof of the panels scrapes: bodies of the other two runtimes, and sandboxes of kata-shim that run. */
export type Source = 'Go' | 'Go with a hypervisor' | 'kata-shim' | 'kata-shim process' | 'runtime-rs';

export interface Query {
  /** With the variables of the dashboard, as in `instance=~"$node"`. */
  readonly expression: string;
  readonly legend: string;
  /** A limit: drawn as a dashed line. */
  readonly isLimit?: boolean;
  /** Why there is no data of it from a source. */
  readonly emptyFor?: Readonly<Partial<Record<Source, string>>>;
}

export interface Panel {
  readonly title: string;
  readonly kind: 'stat' | 'table' | 'timeseries';
  /** As Grafana names them. */
  readonly unit: 'bytes' | 'Bps' | 'ops' | 'percentunit' | 's' | 'short';
  readonly description: string;
  readonly queries: readonly Query[];
}

const ofNode = 'cluster=~"$cluster",instance=~"$node"';
const ofPods = `${ofNode},cri_namespace=~"$namespace"`;
const ofSandbox = `${ofPods},cri_name=~"$pod",sandbox_id=~"$sandbox"`;
const wholeDisk = 'device!~"[hsv]d[a-z]+[0-9]+|(?:nvme|mmcblk|pmem).*p[0-9]+"';

const noHypervisor = 'recorded while its sandbox had no hypervisor';
const noOverhead = 'runtime-rs does not measure it';
const olderAgent = 'its agent reports no file systems';
const noPressure = 'its agent reports no pressure';
const noInterface = 'a machine of kata-shim run has no network interface but lo';

export const fleetPanels: readonly Panel[] = [
  {
    title: 'Sandboxes',
    kind: 'stat',
    unit: 'short',
    description: 'Sandboxes on the nodes.',
    queries: [{ expression: `sum(kata_monitor_running_shim_count{${ofNode}})`, legend: 'sandboxes' }],
  },
  {
    title: 'Sandboxes that do not respond',
    kind: 'stat',
    unit: 'short',
    description: 'Shims without a complete response, and guests without a response.',
    queries: [
      { expression: `sum(kata_sandbox_up{${ofPods}} == bool 0)`, legend: 'shims' },
      { expression: `sum(kata_sandbox_guest_up{${ofPods}} == bool 0)`, legend: 'guests' },
    ],
  },
  {
    title: 'Reasons',
    kind: 'timeseries',
    unit: 'short',
    description: 'Reasons why metrics of sandboxes are missing. docs/runbooks has the alert for each reason.',
    queries: [{ expression: `sum by (reason) (kata_sandbox_scrape_error{${ofPods}})`, legend: '{{reason}}' }],
  },
  {
    title: 'CPU by namespace',
    kind: 'timeseries',
    unit: 'short',
    description: 'CPU usage of the guests, in CPUs.',
    queries: [
      {
        expression: `sum by (cri_namespace) (rate(kata_sandbox_cpu_usage_seconds_total{${ofPods}}[$__rate_interval]))`,
        legend: '{{cri_namespace}}',
      },
    ],
  },
  {
    title: 'Memory by namespace',
    kind: 'timeseries',
    unit: 'bytes',
    description: 'Sum of the working sets of the guests.',
    queries: [
      {
        expression: `sum by (cri_namespace) (kata_sandbox_memory_working_set_bytes{${ofPods}})`,
        legend: '{{cri_namespace}}',
      },
    ],
  },
  {
    title: 'Memory of guests, of the host and overhead, by node',
    kind: 'timeseries',
    unit: 'bytes',
    description:
      'Memory that the guests use, that hypervisors and shims use on the host, and the overhead beyond the containers.',
    queries: [
      {
        expression: `sum by (instance) (kata_sandbox_memory_working_set_bytes{${ofPods}})`,
        legend: '{{instance}} guests',
      },
      { expression: `sum by (instance) (kata_sandbox_host_memory_bytes{${ofPods}})`, legend: '{{instance}} host' },
      {
        expression: `sum by (instance) (kata_sandbox_overhead_memory_bytes{${ofPods}})`,
        legend: '{{instance}} overhead',
      },
    ],
  },
  {
    title: 'Guests with the least memory left',
    kind: 'table',
    unit: 'percentunit',
    description: 'Available memory of the guest, as a ratio of its total memory.',
    queries: [
      {
        expression: `bottomk(10, kata_sandbox_memory_available_bytes{${ofPods}} / kata_sandbox_memory_total_bytes)`,
        legend: '{{cri_namespace}}/{{cri_name}}',
      },
    ],
  },
  {
    title: 'Cost of the monitoring',
    kind: 'timeseries',
    unit: 'short',
    description: 'CPU usage of kata-monitor on each node, in CPUs.',
    queries: [
      {
        expression: `rate(kata_monitor_process_cpu_seconds_total{${ofNode}}[$__rate_interval])`,
        legend: '{{instance}}',
      },
    ],
  },
  {
    title: 'Memory of kata-monitor',
    kind: 'timeseries',
    unit: 'bytes',
    description: 'The dashed line is the limit of the chart, 256Mi.',
    queries: [
      { expression: `kata_monitor_process_resident_memory_bytes{${ofNode}}`, legend: '{{instance}}' },
      { expression: 'vector(268435456)', legend: 'limit of the chart', isLimit: true },
    ],
  },
  {
    title: 'Duration of scrapes',
    kind: 'timeseries',
    unit: 's',
    description: 'The dashed line is the default timeout.',
    queries: [
      {
        expression: `scrape_duration_seconds{${ofNode}} and on (job, instance) kata_monitor_build_info`,
        legend: '{{instance}}',
      },
      { expression: 'vector(10)', legend: 'timeout', isLimit: true },
    ],
  },
];

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
    title: 'Processes killed for memory',
    kind: 'timeseries',
    unit: 'short',
    description: 'Since the guest started.',
    queries: [{ expression: `kata_sandbox_oom_kills_total{${ofSandbox}}`, legend: 'killed' }],
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
