/**
 * The families of /metrics/cadvisor, with the names, types and labels that cAdvisor's dashboards use. cAdvisor defines
 * them, so they are separate from the catalog.
 */
import type { MetricType, Unit } from './definition.ts';

export interface CadvisorFamily {
  readonly type: MetricType;
  readonly unit?: Unit;
  readonly help: string;
  /** Label names in addition to `namespace`, `pod`, `container`, `image`, `id` and `name`. */
  readonly labels: readonly string[];
  /** Meaning of the value of one sample, with its unit. */
  readonly value: string;
  readonly source: string;
}

const stats = (field: string): string => `ListContainerStats: ${field}`;
const GUEST = 'kata_guest_netdev_stat of the sandbox';
const ofGuestContainer = (name: string): string => `kata_guest_container_${name} of the sandbox, from kata-agent`;

function pressure<const R extends 'cpu' | 'io' | 'memory', const S extends 'stalled' | 'waiting'>(
  resource: R,
  state: S,
  what: string,
) {
  return {
    type: 'counter',
    unit: 'seconds',
    help: `Total time duration that ${what}.`,
    labels: [],
    value: 'seconds; absent if the kernel of the guest has no PSI, and with the profile minimal',
    source: ofGuestContainer(`pressure_${resource}_${state}_seconds_total`),
  } as const;
}

function fromGuest<const H extends string, const N extends string>(help: H, value: string, name: N) {
  return { type: 'counter', help, labels: [], value, source: ofGuestContainer(name) } as const;
}

export const cadvisorFamilies = {
  container_cpu_usage_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    help: 'Cumulative CPU time consumed by the container.',
    labels: [],
    value: 'seconds',
    source: stats('cpu.usage_core_nano_seconds'),
  },
  container_memory_working_set_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Current working set of the container.',
    labels: [],
    value: 'bytes',
    source: stats('memory.working_set_bytes'),
  },
  container_memory_usage_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Current memory usage of the container, the page cache included.',
    labels: [],
    value: 'bytes',
    source: stats('memory.usage_bytes'),
  },
  container_memory_rss: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Anonymous memory of the container.',
    labels: [],
    value: 'bytes',
    source: stats('memory.rss_bytes'),
  },
  container_memory_failures_total: {
    type: 'counter',
    help: 'Cumulative page faults of the container.',
    labels: ['failure_type', 'scope'],
    value: 'a count; failure_type is pgfault or pgmajfault, scope is container',
    source: stats('memory.page_faults, memory.major_page_faults'),
  },
  container_oom_events_total: fromGuest(
    'Count of out of memory events observed for the container.',
    'a count of killed processes',
    'oom_kills_total',
  ),
  container_cpu_cfs_periods_total: fromGuest(
    'Number of elapsed enforcement period intervals.',
    'a count',
    'cpu_cfs_periods_total',
  ),
  container_cpu_cfs_throttled_periods_total: fromGuest(
    'Number of throttled period intervals.',
    'a count',
    'cpu_cfs_throttled_periods_total',
  ),
  container_cpu_cfs_throttled_seconds_total: {
    ...fromGuest('Total time duration the container has been throttled.', 'seconds', 'cpu_cfs_throttled_seconds_total'),
    unit: 'seconds',
  },
  container_pressure_cpu_waiting_seconds_total: pressure('cpu', 'waiting', 'tasks of the container waited for a CPU'),
  container_pressure_cpu_stalled_seconds_total: pressure(
    'cpu',
    'stalled',
    'no task of the container could run, for lack of a CPU',
  ),
  container_pressure_memory_waiting_seconds_total: pressure(
    'memory',
    'waiting',
    'tasks of the container waited for memory',
  ),
  container_pressure_memory_stalled_seconds_total: pressure(
    'memory',
    'stalled',
    'no task of the container could run, for lack of memory',
  ),
  container_pressure_io_waiting_seconds_total: pressure('io', 'waiting', 'tasks of the container waited for I/O'),
  container_pressure_io_stalled_seconds_total: pressure(
    'io',
    'stalled',
    'no task of the container could run because of I/O',
  ),
  container_fs_usage_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Bytes used by the writable layer of the container.',
    labels: [],
    value: 'bytes',
    source: stats('writable_layer.used_bytes'),
  },
  container_fs_inodes_total: {
    type: 'gauge',
    help: 'Number of inodes of the file system with the writable layer of the container.',
    labels: [],
    value: 'a count; absent if the monitor cannot access that file system, or it has no fixed number of inodes',
    source: 'statfs(2) of writable_layer.fs_id.mountpoint',
  },
  container_last_seen: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Time of the last container statistics.',
    labels: [],
    value: 'seconds since 1970',
    source: stats('the latest timestamp'),
  },
  container_start_time_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Creation time of the container.',
    labels: [],
    value: 'seconds since 1970',
    source: 'ListContainers: created_at',
  },
  container_network_receive_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Cumulative bytes received by the pod.',
    labels: ['interface'],
    value: 'bytes; container is POD',
    source: GUEST,
  },
  container_network_receive_packets_total: {
    type: 'counter',
    help: 'Cumulative packets received by the pod.',
    labels: ['interface'],
    value: 'a count; container is POD',
    source: GUEST,
  },
  container_network_receive_errors_total: {
    type: 'counter',
    help: 'Cumulative receive errors of the pod.',
    labels: ['interface'],
    value: 'a count; container is POD',
    source: GUEST,
  },
  container_network_receive_packets_dropped_total: {
    type: 'counter',
    help: 'Cumulative received packets that the pod dropped.',
    labels: ['interface'],
    value: 'a count; container is POD',
    source: GUEST,
  },
  container_network_transmit_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Cumulative bytes sent by the pod.',
    labels: ['interface'],
    value: 'bytes; container is POD',
    source: GUEST,
  },
  container_network_transmit_packets_total: {
    type: 'counter',
    help: 'Cumulative packets sent by the pod.',
    labels: ['interface'],
    value: 'a count; container is POD',
    source: GUEST,
  },
  container_network_transmit_errors_total: {
    type: 'counter',
    help: 'Cumulative transmit errors of the pod.',
    labels: ['interface'],
    value: 'a count; container is POD',
    source: GUEST,
  },
  container_network_transmit_packets_dropped_total: {
    type: 'counter',
    help: 'Cumulative outgoing packets that the pod dropped.',
    labels: ['interface'],
    value: 'a count; container is POD',
    source: GUEST,
  },
} as const satisfies Readonly<Record<string, CadvisorFamily>>;

export type CadvisorFamilyName = keyof typeof cadvisorFamilies;
