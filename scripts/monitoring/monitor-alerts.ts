/**
 * Alerts about kata-monitor.
 */
import { type Alert, always, errorOf, errorSeries, lookAtLog, onNode, shortageReasons } from './alert.ts';

export const monitorAlerts: readonly Alert[] = [
  {
    name: 'KataMonitorDown',
    expression:
      'up == 0 and on (job, instance) count by (job, instance) (count_over_time(kata_monitor_build_info[1h]))',
    lasts: '5m',
    severity: 'critical',
    summary: `kata-monitor ${onNode} does not respond, so the sandboxes of the node are not monitored`,
    meaning: 'Prometheus scraped this kata-monitor within the last hour, but cannot scrape it now.',
    look: [
      'The pod on the node: `kubectl get pods -o wide`, its last log messages and its exit code.',
      'The page /targets of Prometheus, which shows the error of the scrape.',
    ],
    act: [
      '`sample limit exceeded`: raise `podMonitor.sampleLimit`, or use a smaller profile.',
      'The pod was OOM-killed: raise `resources.limits.memory`.',
      'Status 401 or a TLS error: renew the credentials or the certificate that Prometheus uses.',
    ],
    fires: { up: '1 0x180', kata_monitor_build_info: '1 _x180' },
    quiet: { up: always(1), kata_monitor_build_info: always(1) },
  },
  {
    name: 'KataMonitorScrapeSlow',
    expression: 'scrape_duration_seconds > 5 and on (job, instance) kata_monitor_build_info',
    lasts: '15m',
    severity: 'warning',
    summary: `A scrape of kata-monitor ${onNode} takes {{ $value | humanizeDuration }}`,
    meaning:
      'Scrapes take more than 5 s. When the scrape times out, after 10 s by default, the remaining sandboxes are omitted.',
    look: [
      'Slow shims of the node: `topk(5, kata_sandbox_scrape_duration_seconds)`.',
      'CPU usage of the monitor and its limit: `rate(kata_monitor_process_cpu_seconds_total[5m])`.',
    ],
    act: ['Remove the CPU limit of the pod.', 'Use a smaller profile, or reduce `--shim-timeout`.'],
    fires: { scrape_duration_seconds: always(7), kata_monitor_build_info: always(1) },
    quiet: { scrape_duration_seconds: always(1), kata_monitor_build_info: always(1) },
  },
  {
    name: 'KataMonitorScrapesFail',
    expression: 'increase(kata_monitor_scrape_failed_count[10m]) > 0',
    lasts: '5m',
    severity: 'warning',
    summary: `kata-monitor ${onNode} failed {{ $value | humanize }} requests for /metrics in 10 minutes`,
    meaning:
      'Whole requests for /metrics failed. The causes are an error in the monitor, more concurrent requests than `--web.max-requests`, and clients that disconnect early. A sandbox cannot cause this.',
    look: [
      lookAtLog,
      'The number of clients: `rate(kata_monitor_scrape_count[5m])` times the scrape interval is the number of Prometheus servers.',
    ],
    act: [
      'Too many clients: reduce them, or raise `--web.max-requests`.',
      'Clients that disconnect: their scrape timeout is too short.',
      'Otherwise, restart the pod and report the log to the project.',
    ],
    fires: { kata_monitor_scrape_failed_count: '0+1x180' },
    quiet: { kata_monitor_scrape_failed_count: always(3) },
  },
  {
    name: 'KataMonitorCriDown',
    expression: 'kata_monitor_cri_up == 0',
    lasts: '5m',
    severity: 'warning',
    summary: `The container manager ${onNode} does not respond to kata-monitor`,
    meaning: 'Known sandboxes keep the names of their pods. New sandboxes have only the label `sandbox_id`.',
    look: [
      'The output of `crictl info` on the node.',
      'The value of `--runtime-endpoint`, and whether its directory is mounted.',
    ],
    act: ['Restart the container manager if it is down.', 'Set `cri.distribution` or `cri.socketPath` of the chart.'],
    fires: { kata_monitor_cri_up: always(0) },
    quiet: { kata_monitor_cri_up: always(1) },
  },
  {
    name: 'KataMonitorSandboxesNotScraped',
    expression: 'kata_monitor_sandboxes_not_asked > 0',
    lasts: '5m',
    severity: 'warning',
    summary: `kata-monitor ${onNode} does not scrape {{ $value }} sandboxes`,
    meaning: 'The node has more sandboxes than `--max-sandboxes`.',
    look: [
      '`kata_monitor_running_shim_count` of the node.',
      'Leftover directories in the sandbox roots, which have no shim.',
    ],
    act: ['Raise `--max-sandboxes`, or remove leftover directories.'],
    fires: { kata_monitor_sandboxes_not_asked: always(3) },
    quiet: { kata_monitor_sandboxes_not_asked: always(0) },
  },
  {
    name: 'KataMonitorShortage',
    expression: `(kata_monitor_process_open_fds / kata_monitor_process_max_fds > 0.9) or (${errorOf(shortageReasons)})`,
    lasts: '5m',
    severity: 'warning',
    summary: `kata-monitor ${onNode} is short of file descriptors or memory`,
    meaning:
      'More than 90 % of the file descriptors are in use, or the monitor could not open connections to shims. The sandboxes do not cause this.',
    look: [
      '`kata_monitor_process_open_fds`, `kata_monitor_process_max_fds`, `kata_monitor_process_resident_memory_bytes`.',
    ],
    act: ['Raise the limit of open files of the container manager or of the systemd unit.'],
    fires: { [errorSeries('local_shortage')]: always(1) },
    quiet: { kata_monitor_process_open_fds: always(10), kata_monitor_process_max_fds: always(1000) },
  },
  {
    name: 'KataMonitorMemoryHigh',
    expression: 'kata_monitor_process_resident_memory_bytes > 230e6',
    lasts: '15m',
    severity: 'warning',
    summary: `kata-monitor ${onNode} uses {{ $value | humanize1024 }}B of memory`,
    meaning:
      'The memory usage is close to the limit of the chart, 256Mi. For comparison, 500 sandboxes need about 142 MiB.',
    look: ['`kata_monitor_running_shim_count`, `kata_sandbox_scrape_samples`.'],
    act: ['Raise `resources.limits.memory` for nodes with more sandboxes; otherwise report it to the project.'],
    fires: { kata_monitor_process_resident_memory_bytes: always(250e6) },
    quiet: { kata_monitor_process_resident_memory_bytes: always(120e6) },
  },
  {
    name: 'KataMonitorVersionSkew',
    expression: 'count(count by (version) (kata_monitor_build_info)) > 1',
    lasts: '2h',
    severity: 'info',
    summary: 'The nodes run {{ $value }} versions of kata-monitor',
    meaning: 'An upgrade has not reached every node.',
    look: [
      '`count by (version, instance) (kata_monitor_build_info)`.',
      '`kubectl rollout status daemonset/kata-monitor`.',
    ],
    act: ['Finish the upgrade, or roll it back.'],
    fires: { 'kata_monitor_build_info{version="1"}': always(1), 'kata_monitor_build_info{version="2"}': always(1) },
    quiet: { 'kata_monitor_build_info{version="1"}': always(1) },
  },
  {
    name: 'KataMonitorFinalValuesLost',
    expression:
      'increase(kata_monitor_final_sandboxes_dropped_total[15m]) > 0 or (kata_monitor_final_sandboxes_dropped_total unless last_over_time(kata_monitor_final_sandboxes_dropped_total[1d] offset 15m)) > 0',
    severity: 'warning',
    summary: `kata-monitor ${onNode} has dropped final values of ended sandboxes ({{ $labels.reason }})`,
    meaning:
      'Prometheus does not get the final values of some sandboxes that have ended ([last-words.md](../last-words.md)). With `age`, `count` and `bytes`, the totals `kata_ended_sandboxes_*` have them. With `invalid` and `mailbox_full`, nothing has them.',
    look: [
      '`age`: gaps in the scrapes, `changes(up[1h])`. A scraper that stops is waited for, for 5 minutes.',
      '`count`, `bytes`: how many sandboxes end, `sum(rate(kata_ended_sandboxes_total[5m]))`. A scrape returns at most 100.',
      '`invalid`: the log of kata-monitor, which names the file.',
      '`mailbox_full`: whether a monitor has been running on the node.',
    ],
    act: [
      '`count`: shorten the scrape interval on nodes with many short-lived sandboxes.',
      '`mailbox_full`: start the monitor, or set `--last-words=off` before it is stopped for good.',
      '`invalid`: use the same release for shims and monitor. If the version is the same, another process writes into the directory: check its owner.',
    ],
    fires: { 'kata_monitor_final_sandboxes_dropped_total{reason="count"}': '3x5 4x175' },
    alsoFires: [{ 'kata_monitor_final_sandboxes_dropped_total{reason="invalid"}': '_x20 1x160' }],
    quiet: { 'kata_monitor_final_sandboxes_dropped_total{reason="count"}': always(0) },
  },
  {
    name: 'KataMonitorOtlpFails',
    expression:
      'sum by (job, instance) (increase(kata_monitor_otlp_pushes_total{outcome="failed"}[15m])) > 0 unless on (job, instance) sum by (job, instance) (increase(kata_monitor_otlp_pushes_total{outcome=~"partial|success"}[15m])) > 0',
    lasts: '5m',
    severity: 'warning',
    summary: `kata-monitor ${onNode} cannot push metrics over OTLP`,
    meaning:
      'No push has reached the OTLP endpoint within 15 minutes. The metrics of the failed pushes are lost, because the monitor stores none ([otlp.md](../otlp.md)). `/metrics` is not affected.',
    look: [
      'The log of kata-monitor, which has the endpoint and the reason.',
      'When the last push succeeded: `time() - kata_monitor_otlp_last_success_timestamp_seconds`.',
      'The log of the collector, and whether the node can reach it.',
    ],
    act: [
      'A failed connection: check the address, the network policy and the TLS files of `--otlp.*`.',
      'Status 401 or 403: renew the headers, in `otlp.headersSecret` of the chart.',
      'Timeouts: raise `--otlp.timeout`, or use a smaller profile.',
    ],
    fires: { 'kata_monitor_otlp_pushes_total{outcome="failed"}': '0+1x180' },
    quiet: {
      'kata_monitor_otlp_pushes_total{outcome="failed"}': '0+1x180',
      'kata_monitor_otlp_pushes_total{outcome="success"}': '0+1x180',
    },
  },
  {
    name: 'KataMonitorOtlpIncomplete',
    expression: 'increase(kata_monitor_otlp_pushes_total{outcome="partial"}[15m]) > 0',
    lasts: '10m',
    severity: 'warning',
    summary: `The OTLP endpoint of kata-monitor ${onNode} does not get all metrics`,
    meaning:
      'The endpoint has rejected a part of the pushes, or a push took longer than its interval, so that the rest of it was lost.',
    look: [
      'Which of the two: `increase(kata_monitor_otlp_data_points_total{outcome=~"lost|rejected"}[15m])`.',
      'The log of kata-monitor, which has the reason of the endpoint.',
      '`increase(kata_monitor_otlp_retries_total[15m])`: the endpoint is overloaded.',
    ],
    act: [
      '`rejected`: raise the limits of the collector, or leave out the families with `--metrics.deny`.',
      '`lost`: raise `--otlp.interval`, use a smaller profile, or give the collector more resources.',
    ],
    fires: { 'kata_monitor_otlp_pushes_total{outcome="partial"}': '0+1x180' },
    quiet: {
      'kata_monitor_otlp_pushes_total{outcome="partial"}': always(3),
      'kata_monitor_otlp_pushes_total{outcome="success"}': '0+1x180',
    },
  },
];
