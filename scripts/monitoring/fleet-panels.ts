/**
 * The panels about all nodes and namespaces.
 */
import { ofNode, ofPods, type Panel } from './panel.ts';

/**
 * What a sum of counters over live and ended sandboxes has grown by in the time range. Not increase(): the sum falls for a moment
 * when a sandbox ends between two scrapes. A node that is new has used all of it, one that is gone keeps its last value.
 */
function usageOf(rule: string): string {
  const now = `last_over_time(${rule}{${ofPods}}[$__range])`;
  return `sum by (cri_namespace) (${now} - (${rule}{${ofPods}} offset $__range or ${now} * 0))`;
}

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
    title: 'States',
    kind: 'timeseries',
    unit: 'short',
    description:
      'Sandboxes in each state of kata_sandbox_state, which the profile minimal omits. "ended": no shim listens, and the directory is still there.',
    queries: [{ expression: `sum by (state) (kata_sandbox_state{${ofPods}})`, legend: '{{state}}' }],
  },
  {
    title: 'Sandboxes started and ended',
    kind: 'timeseries',
    unit: 'short',
    description: 'In an hour. docs/last-words.md explains the reasons of an end.',
    queries: [
      { expression: `sum(rate(kata_sandbox_starts_total{${ofNode}}[$__rate_interval])) * 3600`, legend: 'started' },
      {
        expression: `sum by (reason) (rate(kata_ended_sandboxes_total{${ofPods}}[$__rate_interval])) * 3600`,
        legend: 'ended: {{reason}}',
      },
    ],
  },
  {
    title: 'Time until a sandbox is ready',
    kind: 'timeseries',
    unit: 's',
    description:
      '95 of 100 sandboxes take less than this until the agent is ready, and until the first container runs. Only kata-shim and containerd-shim-kata-v2 report it.',
    queries: [
      {
        expression: `histogram_quantile(0.95, sum by (le) (increase(kata_sandbox_agent_ready_duration_seconds_bucket{${ofNode}}[$__range])))`,
        legend: 'agent',
      },
      {
        expression: `histogram_quantile(0.95, sum by (le) (increase(kata_sandbox_first_container_duration_seconds_bucket{${ofNode}}[$__range])))`,
        legend: 'first container',
      },
    ],
  },
  {
    title: 'CPU seconds by namespace, with those of ended sandboxes',
    kind: 'table',
    unit: 's',
    description:
      'What the guests have used in the time range of the dashboard. Also counts sandboxes that were never scraped. Requires the recording rules.',
    queries: [
      {
        expression: usageOf('instance_namespace:kata_sandbox_cpu_usage_seconds:sum'),
        legend: '{{cri_namespace}}',
      },
    ],
  },
  {
    title: 'Sandboxes that have ended',
    kind: 'table',
    unit: 's',
    description: 'The last 20 that have ended in the time range of the dashboard, and how long each has lived.',
    queries: [
      {
        expression: `last_over_time(kata_sandbox_final_lifetime_seconds{${ofPods}}[$__range]) and topk(20, last_over_time(kata_sandbox_final_end_time_seconds{${ofPods}}[$__range]))`,
        legend: '{{cri_namespace}}/{{cri_name}} {{reason}}',
      },
    ],
  },
  {
    title: 'Pods that wait most',
    kind: 'table',
    unit: 'percentunit',
    description:
      'Ratio of time in which at least one task of the guest waited for memory or I/O. Only kata-agent reports it.',
    queries: [
      {
        expression: `topk(10, rate(kata_guest_pressure_memory_waiting_seconds_total{${ofPods}}[$__rate_interval]) + rate(kata_guest_pressure_io_waiting_seconds_total{${ofPods}}[$__rate_interval]))`,
        legend: '{{cri_namespace}}/{{cri_name}}',
      },
    ],
  },
  {
    title: 'Exporters in guests',
    kind: 'timeseries',
    unit: 'short',
    description: 'Exporters that respond and that do not, by name. Requires a scrape job for /metrics/guest.',
    queries: [
      {
        expression: `sum by (exporter) (kata_sandbox_exporter_up{${ofPods}})`,
        legend: '{{exporter}}',
      },
      {
        expression: `sum by (exporter) (kata_sandbox_exporter_up{${ofPods}} == bool 0)`,
        legend: '{{exporter}} does not respond',
      },
    ],
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
    title: 'Data points over OTLP',
    kind: 'timeseries',
    unit: 'short',
    description:
      'Data points per second that the OTLP endpoint has, has rejected, or does not get. Requires --otlp.endpoint.',
    queries: [
      {
        expression: `sum by (outcome) (rate(kata_monitor_otlp_data_points_total{${ofNode}}[$__rate_interval]))`,
        legend: '{{outcome}}',
      },
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
