/**
 * The recording rules of deploy/prometheus: what dashboards and capacity planning query over many sandboxes.
 */
export interface RecordingRule {
  /** level:metric:operations, as Prometheus recommends. */
  readonly name: string;
  readonly expression: string;
}

/** A sandbox is in one of the two: its counters vanish with it, and the totals then have its final values. */
function sumByNamespace(ofLive: string, ofEnded: string): string {
  return `sum by (cluster, job, instance, cri_namespace) ({__name__=~"kata_ended_sandboxes_${ofEnded}_total|${ofLive}"})`;
}

/** The totals have the label, the counters of a sandbox that runs get it from another family. */
function sumByHandler(ofLive: string, ofEnded: string): string {
  const live = `${ofLive} * on (job, instance, sandbox_id) group_left (runtime_handler) kata_sandbox_runtime_info`;
  return `sum by (cluster, job, instance, runtime_handler) (kata_ended_sandboxes_${ofEnded}_total or ${live})`;
}

export const recordingRules: readonly RecordingRule[] = [
  { name: 'cluster:kata_monitor_running_shim_count:sum', expression: 'sum(kata_monitor_running_shim_count)' },
  { name: 'instance:kata_sandbox_up:avg', expression: 'avg by (job, instance) (kata_sandbox_up)' },
  { name: 'instance:kata_sandbox_up:count', expression: 'count by (job, instance) (kata_sandbox_up)' },
  {
    name: 'sandbox:kata_sandbox_cpu_usage_seconds:rate5m',
    expression: 'rate(kata_sandbox_cpu_usage_seconds_total[5m])',
  },
  {
    name: 'sandbox:kata_sandbox_host_cpu_seconds:rate5m',
    expression: 'rate(kata_sandbox_host_cpu_seconds_total[5m])',
  },
  {
    name: 'namespace:kata_sandbox_cpu_usage_seconds:rate5m',
    expression: 'sum by (cri_namespace) (rate(kata_sandbox_cpu_usage_seconds_total[5m]))',
  },
  {
    name: 'namespace:kata_sandbox_memory_working_set_bytes:sum',
    expression: 'sum by (cri_namespace) (kata_sandbox_memory_working_set_bytes)',
  },
  {
    name: 'instance:kata_sandbox_host_memory_bytes:sum',
    expression: 'sum by (job, instance) (kata_sandbox_host_memory_bytes)',
  },
  {
    name: 'cluster:kata_sandbox_overhead_memory_bytes:p95',
    expression: 'quantile(0.95, kata_sandbox_overhead_memory_bytes)',
  },
  // What has been used, by sandboxes that run and by those that have ended: docs/last-words.md has the queries over these.
  {
    name: 'instance_namespace:kata_sandbox_cpu_usage_seconds:sum',
    expression: sumByNamespace('kata_sandbox_cpu_usage_seconds_total', 'cpu_seconds'),
  },
  {
    name: 'instance_namespace:kata_sandbox_host_cpu_seconds:sum',
    expression: sumByNamespace('kata_sandbox_host_cpu_seconds_total', 'host_cpu_seconds'),
  },
  {
    name: 'instance_runtime_handler:kata_sandbox_cpu_usage_seconds:sum',
    expression: sumByHandler('kata_sandbox_cpu_usage_seconds_total', 'cpu_seconds'),
  },
  {
    name: 'instance_runtime_handler:kata_sandbox_host_cpu_seconds:sum',
    expression: sumByHandler('kata_sandbox_host_cpu_seconds_total', 'host_cpu_seconds'),
  },
  {
    name: 'cluster:kata_sandbox_scrape_error:count',
    expression: 'count by (reason) (kata_sandbox_scrape_error == 1)',
  },
];
