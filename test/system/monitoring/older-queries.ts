/** Queries of the dashboards of OpenShift sandboxed containers and of Kata Containers that are in use. */
export const olderQueries: readonly string[] = [
  'sum(count by(instance) (kata_guest_load{item="load1"}))',
  'sum by (sandbox_id) (irate(kata_guest_cpu_time{cpu="total",item=~"irq|softirq|system|user"}[5m]))',
  '(kata_guest_meminfo{item="mem_total"} - on(sandbox_id) kata_guest_meminfo{item="mem_free"})',
  'sum(kata_monitor_running_shim_count)',
  'rate(kata_monitor_scrape_count[5m])*60',
  'kata_monitor_scrape_failed_count',
  ...['go_goroutines', 'go_threads', 'process_open_fds', 'process_resident_memory_bytes'].map(
    (name) => `kata_monitor_${name}`,
  ),
  'histogram_quantile(0.99, sum(rate(kata_monitor_scrape_durations_histogram_milliseconds_bucket[5m])) by (le))',
  'rate(kata_monitor_scrape_durations_histogram_milliseconds_sum[5m])/rate(kata_monitor_scrape_durations_histogram_milliseconds_count[5m])',
  'rate(kata_monitor_go_gc_duration_seconds_sum[5m])/rate(kata_monitor_go_gc_duration_seconds_count[5m])',
  ...['rpc', 'agent_rpc'].flatMap((name) => [
    `histogram_quantile(0.99, sum(rate(kata_shim_${name}_durations_histogram_milliseconds_bucket[5m])) by (action,le))`,
    `rate(kata_shim_${name}_durations_histogram_milliseconds_sum[5m])/rate(kata_shim_${name}_durations_histogram_milliseconds_count[5m])`,
  ]),
  'kata_shim_netdev',
  'kata_shim_go_goroutines',
  'kata_shim_proc_status{item="vmrss"}',
  'irate(kata_shim_io_stat{item="rchar"}[5m])',
  'kata_shim_fds',
  ...['process_open_fds', 'process_resident_memory_bytes', 'proc_status', 'proc_stat'].map(
    (name) => `kata_agent_${name}`,
  ),
  ...['fds', 'netdev', 'proc_stat', 'proc_status{item="vmrss"}', 'io_stat{item="wchar"}'].map(
    (name) => `kata_hypervisor_${name}`,
  ),
  ...[
    'load',
    'tasks',
    'meminfo{item="mem_available"}',
    'netdev_stat{item="sent_bytes"}',
    'netdev_stat{item="recv_drop"}',
  ].map((name) => `kata_guest_${name}`),
];

/** The query for the monitor with the profile full alone, as in a cluster that scrapes each node once. */
export function ofJobFull(query: string): string {
  return query.replaceAll(/\bkata_\w+(\{?)/g, (name, brace) =>
    brace === '' ? `${name}{job="full"}` : `${name}job="full",`,
  );
}
