/**
 * The alerts of deploy/prometheus, as one table: expression, severity, texts for the person on call, and the series that
 * make promtool fire it or keep it quiet. generate-monitoring.ts writes rules, promtool's tests and runbooks from it.
 */
import { type SandboxErrorReason, sandboxErrorReasons } from '../../src/catalog/index.ts';

export interface Alert {
  readonly name: string;
  readonly expression: string;
  /** How long the expression has to hold, as Prometheus writes it; undefined: it fires at once. */
  readonly lasts?: string;
  readonly severity: 'critical' | 'warning' | 'info';
  /** One line, with templates of Prometheus. */
  readonly summary: string;
  /** For the runbook, in Markdown. */
  readonly meaning: string;
  readonly look: readonly string[];
  readonly act: readonly string[];
  /** Series for promtool, name and values; the labels of `sandboxLabels` or `nodeLabels` are added by the name. */
  readonly fires: Readonly<Record<string, string>>;
  /** Series of its other causes, each of which makes it fire as well. */
  readonly alsoFires?: readonly Readonly<Record<string, string>>[];
  readonly quiet: Readonly<Record<string, string>>;
}

/** In the order of the alphabet. */
export const allReasons = Object.keys(sandboxErrorReasons).sort() as SandboxErrorReason[];

/** Reasons that need no alert, and why. */
const quietReasons: Readonly<Partial<Record<SandboxErrorReason, string>>> = {
  aborted: 'The client cancelled its request.',
  starting: 'The sandbox is younger than 30 s.',
};

const unsafeReasons: readonly SandboxErrorReason[] = ['unsafe_socket'];
const shortageReasons: readonly SandboxErrorReason[] = ['local_shortage'];
const slowReasons: readonly SandboxErrorReason[] = ['slow'];
const limitReasons: readonly SandboxErrorReason[] = [
  'help_too_long',
  'label_value_too_long',
  'name_too_long',
  'over_budget',
  'too_large',
  'too_many_families',
  'too_many_labels',
  'too_many_samples',
];
const downReasons: readonly SandboxErrorReason[] = [
  'http_status',
  'internal',
  'missing',
  'protocol',
  'refused',
  'reset',
  'timeout',
];
/** All others: the sandbox sends what is not the exposition format, or what it may not send. */
const invalidReasons = allReasons.filter(
  (reason) =>
    !(reason in quietReasons) &&
    ![unsafeReasons, shortageReasons, slowReasons, limitReasons, downReasons].some((list) => list.includes(reason)),
);

const errorOf = (reasons: readonly string[]): string =>
  `kata_sandbox_scrape_error{reason=~"${reasons.join('|')}"} == 1`;
const errorSeries = (reason: SandboxErrorReason): string => `kata_sandbox_scrape_error{reason="${reason}"}`;
const pod =
  '{{ if $labels.cri_name }}{{ $labels.cri_namespace }}/{{ $labels.cri_name }}{{ else }}{{ $labels.sandbox_id }}{{ end }}';
const onNode = `on {{ $labels.instance }}`;
const always = (value: number): string => `${value}x180`;
const lookAtSandbox = 'The state and the age of the sandbox: `kata-metrics ls` on the node.';
const lookAtLog = 'The log of kata-monitor on the node, which reports each change of the reason once.';
const lookAtShim = 'The log of the shim: `journalctl -t kata` on the node.';

export const alerts: readonly Alert[] = [
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
  {
    name: 'KataSandboxDown',
    expression: `${errorOf(downReasons)} and on (instance, sandbox_id) kata_sandbox_up == 0`,
    lasts: '5m',
    severity: 'warning',
    summary: `The shim of ${pod} ${onNode} does not respond ({{ $labels.reason }})`,
    meaning:
      'The shim of the sandbox does not respond. Its workload may still be running. [metrics.md](../metrics.md#reasons) explains the reasons.',
    look: [
      lookAtSandbox,
      lookAtShim,
      'Whether the process of the shim exists. With `missing` or `refused` and no process, the sandbox has ended and its directory is a leftover.',
    ],
    act: [
      'Delete the pod if its shim has ended or is unresponsive.',
      'Remove the directory of a sandbox without processes.',
      '`reset` from runtime-rs with QEMU or Firecracker: see the reason in [metrics.md](../metrics.md#reasons).',
    ],
    fires: { [errorSeries('timeout')]: always(1), kata_sandbox_up: always(0) },
    quiet: { [errorSeries('starting')]: always(1), kata_sandbox_up: always(0) },
  },
  {
    name: 'KataSandboxUnsafeSocket',
    expression: errorOf(unsafeReasons),
    severity: 'critical',
    summary: `Another user can replace the socket of sandbox {{ $labels.sandbox_id }} ${onNode}`,
    meaning:
      'The socket, the directory or the root of the sandbox belongs to another user or is writable by other users. The monitor does not connect to it.',
    look: ['Owner and mode of the directory of the sandbox and of its root: `ls -la`.'],
    act: [
      'Find the cause of the change: a container may have mounted the directory with write access.',
      'Restore the owner root and the mode 0700 or 0755.',
    ],
    fires: { [errorSeries('unsafe_socket')]: always(1) },
    quiet: { [errorSeries('timeout')]: always(1) },
  },
  {
    name: 'KataSandboxSlow',
    expression: errorOf(slowReasons),
    lasts: '15m',
    severity: 'warning',
    summary: `The shim of ${pod} ${onNode} responds too slowly to be scraped`,
    meaning:
      'The shim needs more than 500 ms. Scrapes no longer wait for it, so that it does not delay the other sandboxes.',
    look: [
      '`kata_sandbox_scrape_duration_seconds` of the sandbox.',
      'CPU usage of the node and of the guest, because the agent needs CPU time.',
    ],
    act: ['Raise the CPU limit of the pod, or move it to a node with less load.'],
    fires: { [errorSeries('slow')]: always(1) },
    quiet: { [errorSeries('timeout')]: always(1) },
  },
  {
    name: 'KataSandboxOverLimit',
    expression: errorOf(limitReasons),
    lasts: '10m',
    severity: 'warning',
    summary: `Metrics of ${pod} ${onNode} are truncated ({{ $labels.reason }})`,
    meaning: 'The sandbox exceeds a limit of the monitor. The monitor drops the excess.',
    look: ['`kata_sandbox_dropped_samples` by reason.', 'What the guest has many of: interfaces, disks or mounts.'],
    act: [
      'Use a smaller profile, or raise the limit that the reason names ([profiles.md](../profiles.md)).',
      'If the guest sends invalid data on purpose, treat it as compromised.',
    ],
    fires: { [errorSeries('over_budget')]: always(1) },
    quiet: { [errorSeries('timeout')]: always(1) },
  },
  {
    name: 'KataSandboxSamplesNearLimit',
    expression: 'kata_sandbox_scrape_samples > 16000',
    lasts: '10m',
    severity: 'warning',
    summary: `${pod} ${onNode} sends {{ $value }} samples, and the limit is 20,000`,
    meaning: 'The sandbox sends more than 80 % of `--max-samples`. A sandbox usually has fewer than 1,000 samples.',
    look: ['`topk(10, count by (__name__) ({sandbox_id="ID"}))`.'],
    act: ['Use the profile `standard`, which omits the families that grow with the number of pods.'],
    fires: { kata_sandbox_scrape_samples: always(17000) },
    quiet: { kata_sandbox_scrape_samples: always(800) },
  },
  {
    name: 'KataSandboxInvalidMetrics',
    expression: errorOf(invalidReasons),
    lasts: '10m',
    severity: 'warning',
    summary: `${pod} ${onNode} sends metrics that cannot be used ({{ $labels.reason }})`,
    meaning:
      'The monitor drops families of the sandbox, because they violate the exposition format or are not allowed.',
    look: ['The response of the shim: `kata-metrics get ID`.', lookAtLog],
    act: [
      'Report it to the project of the runtime.',
      'If the agent of the guest was replaced, treat the guest as compromised.',
    ],
    fires: { [errorSeries('bad_value')]: always(1) },
    quiet: { [errorSeries('timeout')]: always(1) },
  },
  {
    name: 'KataShimSlow',
    expression: 'kata_sandbox_scrape_duration_seconds > 0.4 and on (instance, sandbox_id) kata_sandbox_up == 1',
    lasts: '10m',
    severity: 'info',
    summary: `The shim of ${pod} ${onNode} takes {{ $value | humanizeDuration }} to send its metrics`,
    meaning:
      'The response is complete, but takes more than 0.4 s. From 0.5 s on, scrapes do not wait for the shim, and its metrics have gaps. The shim spends most of this time on the call to the agent in the guest.',
    look: ['`kata_sandbox_load1 / kata_sandbox_cpu_cores` of the sandbox.', 'Steal time of the guest.'],
    act: ['As for [KataSandboxSlow](katasandboxslow.md).'],
    fires: { kata_sandbox_scrape_duration_seconds: always(0.45), kata_sandbox_up: always(1) },
    quiet: { kata_sandbox_scrape_duration_seconds: always(0.1), kata_sandbox_up: always(1) },
  },
  {
    name: 'KataAgentSlow',
    expression: 'kata_shim_agent_error{reason=~"deadline|slow"} == 1',
    lasts: '10m',
    severity: 'warning',
    summary: `The agent in ${pod} ${onNode} does not respond in time ({{ $labels.reason }})`,
    meaning:
      'The agent did not respond to the shim within `--agent-timeout`. The metrics of the guest are missing. Those of the host are available. Only kata-shim reports this.',
    look: ['CPU usage and load of the guest, and whether the virtual machine is paused.'],
    act: [
      'Raise the CPU limit of the pod.',
      'If the guest is unresponsive, see [KataGuestUnresponsive](kataguestunresponsive.md).',
    ],
    fires: { 'kata_shim_agent_error{reason="deadline"}': always(1) },
    quiet: { 'kata_shim_agent_error{reason="invalid"}': always(1) },
  },
  {
    name: 'KataGuestUnresponsive',
    expression:
      'kata_sandbox_guest_up == 0 and on (instance, sandbox_id) max_over_time(kata_sandbox_guest_up[1h]) == 1 unless on (instance, sandbox_id) kata_sandbox_state{state="paused"} == 1',
    lasts: '2m',
    severity: 'critical',
    summary: `The guest of ${pod} ${onNode} has stopped responding`,
    meaning:
      'The guest sent metrics within the last hour, but does not now: the guest or its agent has crashed, or its virtual machine is paused and its shim does not report that. If the shim reports it, the alert is [KataSandboxPaused](katasandboxpaused.md).',
    look: [
      lookAtSandbox,
      'The console log of the guest, if there is one.',
      'Whether `kubectl exec` into the pod works: it uses the same agent.',
    ],
    act: ['If the virtual machine is paused, resume it.', 'Delete the pod, so that its controller creates a new one.'],
    fires: { kata_sandbox_guest_up: '1x5 0x175' },
    quiet: { kata_sandbox_guest_up: '1x5 0x175', 'kata_sandbox_state{state="paused"}': '0x5 1x175' },
  },
  {
    name: 'KataSandboxPaused',
    expression: 'kata_sandbox_state{state="paused"} == 1',
    lasts: '15m',
    severity: 'warning',
    summary: `The virtual machine of ${pod} ${onNode} is paused`,
    meaning:
      'The hypervisor or a signal has stopped the virtual machine, so nothing runs in the pod. Only kata-shim reports it, and the profile `minimal` omits it.',
    look: [
      'Since when: `time() - kata_sandbox_state_start_time_seconds`.',
      'Whether someone paused it, for a snapshot or a migration: `kata-metrics events` on the node.',
      'The state of the process of the hypervisor: `T` in `/proc/PID/status` means that a signal has stopped it.',
      'QEMU pauses the machine itself if a disk is full, with `werror=stop`.',
    ],
    act: [
      'Resume the virtual machine, or send SIGCONT to the process of the hypervisor.',
      'Otherwise, delete the pod, so that its controller creates a new one.',
    ],
    fires: { 'kata_sandbox_state{state="paused"}': always(1) },
    quiet: { 'kata_sandbox_state{state="paused"}': '1x10 0x170' },
  },
  {
    name: 'KataSandboxFlapping',
    expression: 'changes(kata_sandbox_guest_up[30m]) > 7 or increase(kata_sandbox_restarts_total[30m]) > 2',
    severity: 'warning',
    summary: `${pod} ${onNode} stops responding or restarts again and again`,
    meaning:
      'Within 30 minutes, the guest has stopped responding at least four times, or guest or shim were restarted at least three times under the same id.',
    look: [
      'What happened, in order: `kata-metrics events --url http://NODE:8090`, with the sandbox.',
      'Whether the guest has too little CPU time: `rate(kata_hypervisor_vcpu_wait_seconds_total[5m])` and `kata_sandbox_load1 / kata_sandbox_cpu_cores`.',
      lookAtShim,
    ],
    act: [
      'Restarts: search the console log for a panic.',
      'Missed scrapes of a loaded guest: raise its CPU limit, or `--agent-timeout` of the shim.',
    ],
    fires: { kata_sandbox_guest_up: '1 0 1 0 1 0 1 0 1 1x170' },
    alsoFires: [{ kata_sandbox_restarts_total: '0x2 1 2 3 4x175' }],
    quiet: { kata_sandbox_guest_up: '1 0 1 0 1 1x170', kata_sandbox_restarts_total: '0x2 1x175' },
  },
  {
    name: 'KataSandboxesFail',
    expression:
      'count by (job, instance, cri_namespace) (last_over_time(kata_sandbox_final_lifetime_seconds{reason=~"failed|panicked|shim_killed"}[15m])) > 2',
    severity: 'warning',
    summary: `{{ $value }} sandboxes of namespace "{{ $labels.cri_namespace }}" ${onNode} have failed within 15 minutes`,
    meaning:
      'At least three sandboxes of one namespace have ended because the workload or the hypervisor failed, the guest panicked, or the shim was killed ([last-words.md](../last-words.md)). Pods that restart again and again have a new sandbox each time.',
    look: [
      'The reasons: `last_over_time(kata_sandbox_final_lifetime_seconds[15m])`. Its value is how long each has lived.',
      'The log of the shims: `journalctl -t kata` on the node, and `kubectl describe pod`.',
      '`shim_killed`: the memory of the node, and its kernel log for "Out of memory".',
    ],
    act: [
      'On one node only: cordon it, and check its memory, its disk and `/dev/kvm`.',
      'On all nodes: use the previous version of the workload, of the kernel or of the image of the guest.',
    ],
    fires: Object.fromEntries(
      ['a', 'b', 'c'].map((id) => [
        `kata_sandbox_final_lifetime_seconds{sandbox_id="${id}",reason="failed"}`,
        '_x5 3 _x174',
      ]),
    ),
    quiet: Object.fromEntries(
      ['a', 'b', 'c'].map((id) => [
        `kata_sandbox_final_lifetime_seconds{sandbox_id="${id}",reason="stopped"}`,
        '_x5 3 _x174',
      ]),
    ),
  },
  {
    name: 'KataGuestNeverUp',
    expression:
      'kata_sandbox_guest_up == 0 unless on (instance, sandbox_id) max_over_time(kata_sandbox_guest_up[1h]) == 1',
    lasts: '10m',
    severity: 'warning',
    summary: `The guest of ${pod} ${onNode} has never responded`,
    meaning: 'The sandbox has existed for more than ten minutes, and its guest has not sent metrics.',
    look: [lookAtSandbox, lookAtShim, '`kubectl describe pod`.'],
    act: [
      'Start another pod with the same RuntimeClass. If it has the same fault, check the kernel, the image and the agent of the guest.',
    ],
    fires: { kata_sandbox_guest_up: always(0) },
    quiet: { kata_sandbox_guest_up: always(1) },
  },
  {
    name: 'KataGuestRestarted',
    expression: 'resets(kata_sandbox_cpu_usage_seconds_total[15m]) > 0',
    severity: 'info',
    summary: `The guest of ${pod} ${onNode} has started again`,
    meaning:
      'The CPU time of the guest was reset, but the sandbox is the same. The kernel panicked and rebooted, the virtual machine was restored, or the shim started it again.',
    look: ['`kata_sandbox_guest_uptime_seconds`, and the console log of the guest.'],
    act: ['Search the console log for a panic. Kata Containers does not restart guests by itself.'],
    fires: { kata_sandbox_cpu_usage_seconds_total: '100x5 1x175' },
    quiet: { kata_sandbox_cpu_usage_seconds_total: '0+1x180' },
  },
  {
    name: 'KataGuestMemoryPressure',
    expression: 'kata_sandbox_memory_available_bytes / kata_sandbox_memory_total_bytes < 0.1',
    lasts: '10m',
    severity: 'warning',
    summary: `The guest of ${pod} ${onNode} has {{ $value | humanizePercentage }} of its memory left`,
    meaning: 'The kernel of the guest reclaims memory, and will kill a process if no memory is left.',
    look: [
      'The working set and the limit, in the dashboard "Kata sandbox".',
      '`kata_guest_meminfo`, which shows whether anonymous memory or slab has grown.',
    ],
    act: ['Raise the memory limit of the pod, or `default_memory` of the runtime.'],
    fires: { kata_sandbox_memory_available_bytes: always(5), kata_sandbox_memory_total_bytes: always(100) },
    quiet: { kata_sandbox_memory_available_bytes: always(50), kata_sandbox_memory_total_bytes: always(100) },
  },
  {
    name: 'KataGuestOomKill',
    expression: 'increase(kata_sandbox_oom_kills_total[10m]) > 0',
    severity: 'critical',
    summary: `The kernel of the guest of ${pod} ${onNode} has OOM-killed a process`,
    meaning:
      'The guest, or a container in it, had no memory left. Kubernetes may not report this: the container can continue without the process.',
    look: [
      'The restarts of the containers, and `kubectl logs --previous`.',
      'The working set of the guest before the kill.',
      'Which container it was, with kata-agent: `increase(kata_guest_container_oom_kills_total[10m]) > 0`.',
    ],
    act: ['Raise the memory limit of the pod, or find the leak.'],
    fires: { kata_sandbox_oom_kills_total: '0x5 1x175' },
    quiet: { kata_sandbox_oom_kills_total: always(1) },
  },
  {
    name: 'KataSandboxOomKillOnHost',
    expression: 'increase(kata_shim_sandbox_oom_kills_total[10m]) > 0',
    severity: 'critical',
    summary: `The kernel of the host has OOM-killed a process of the sandbox of ${pod} ${onNode}`,
    meaning:
      'The cgroup of the sandbox on the host, or the node, had no memory left. The process was the hypervisor, virtiofsd or another one of the sandbox, not one of the guest. Only kata-shim reports it.',
    look: [
      'The kernel log of the node: `journalctl -k`, which names the process and the cgroup.',
      'The memory of the sandbox on the host and its overhead: `kata_sandbox_host_memory_bytes`, `kata_sandbox_overhead_memory_bytes`.',
    ],
    act: [
      'The cgroup was at its limit: raise `overhead.podFixed.memory` of the RuntimeClass ([overhead.md](../overhead.md)).',
      'The node had no memory left: move pods to other nodes.',
    ],
    fires: { kata_shim_sandbox_oom_kills_total: '0x5 1x175' },
    quiet: { kata_shim_sandbox_oom_kills_total: always(1) },
  },
  {
    name: 'KataGuestDiskSpaceLow',
    expression:
      'kata_sandbox_filesystem_available_bytes / kata_sandbox_filesystem_size_bytes < 0.1 and changes(kata_sandbox_filesystem_available_bytes[6h]) > 0',
    lasts: '10m',
    severity: 'warning',
    summary: `{{ $labels.mountpoint }} in ${pod} ${onNode} has {{ $value | humanizePercentage }} left`,
    meaning:
      'A file system of the guest is nearly full. The alert ignores file systems that do not change, such as a read-only image.',
    look: ['`kubectl exec POD -- df -h`.'],
    act: ['Remove files, or enlarge the volume.'],
    fires: {
      'kata_sandbox_filesystem_available_bytes{mountpoint="/",device="vda"}': '90x5 5x175',
      'kata_sandbox_filesystem_size_bytes{mountpoint="/",device="vda"}': always(100),
    },
    quiet: {
      'kata_sandbox_filesystem_available_bytes{mountpoint="/",device="vda"}': always(0),
      'kata_sandbox_filesystem_size_bytes{mountpoint="/",device="vda"}': always(100),
    },
  },
  {
    name: 'KataGuestDiskFull',
    expression:
      'kata_sandbox_filesystem_available_bytes / kata_sandbox_filesystem_size_bytes < 0.02 and changes(kata_sandbox_filesystem_available_bytes[6h]) > 0',
    lasts: '2m',
    severity: 'critical',
    summary: `{{ $labels.mountpoint }} in ${pod} ${onNode} is full`,
    meaning: 'Writes fail, or will fail soon.',
    look: ['`kubectl exec POD -- df -h`.'],
    act: ['Remove files, or enlarge the volume, immediately.'],
    fires: {
      'kata_sandbox_filesystem_available_bytes{mountpoint="/",device="vda"}': '90x5 1x175',
      'kata_sandbox_filesystem_size_bytes{mountpoint="/",device="vda"}': always(100),
    },
    quiet: {
      'kata_sandbox_filesystem_available_bytes{mountpoint="/",device="vda"}': '90x5 5x175',
      'kata_sandbox_filesystem_size_bytes{mountpoint="/",device="vda"}': always(100),
    },
  },
  {
    name: 'KataGuestInodesLow',
    expression:
      'kata_guest_filesystem_inodes{item="available"} / ignoring (item) kata_guest_filesystem_inodes{item="total"} < 0.05',
    lasts: '10m',
    severity: 'warning',
    summary: `{{ $labels.mount }} in ${pod} ${onNode} has {{ $value | humanizePercentage }} of its inodes left`,
    meaning: 'Without inodes, the guest cannot create files, even if space is left.',
    look: ['`kubectl exec POD -- df -i`.'],
    act: ['Remove small files, or create the file system with more inodes.'],
    fires: {
      'kata_guest_filesystem_inodes{mount="/",device="vda",item="available"}': always(1),
      'kata_guest_filesystem_inodes{mount="/",device="vda",item="total"}': always(100),
    },
    quiet: {
      'kata_guest_filesystem_inodes{mount="/",device="vda",item="available"}': always(50),
      'kata_guest_filesystem_inodes{mount="/",device="vda",item="total"}': always(100),
    },
  },
  {
    name: 'KataGuestCpuSteal',
    expression:
      'sum without (cpu, item) (rate(kata_guest_cpu_time{cpu="total",item="steal"}[5m])) / 1000 / kata_sandbox_cpu_cores > 0.1',
    lasts: '15m',
    severity: 'warning',
    summary: `The guest of ${pod} ${onNode} waits for a CPU of the host {{ $value | humanizePercentage }} of the time`,
    meaning:
      'The virtual CPUs are ready to run, but the host runs other tasks. Only guests under KVM report steal time.',
    look: [
      'The load and the CPU requests of the node.',
      'The CPU limit of the pod: the cgroup of the sandbox may be throttled.',
    ],
    act: ['Move pods to other nodes, or raise the CPU limit of the pod.'],
    fires: { 'kata_guest_cpu_time{cpu="total",item="steal"}': '0+20000x180', kata_sandbox_cpu_cores: always(2) },
    quiet: { 'kata_guest_cpu_time{cpu="total",item="steal"}': '0+1000x180', kata_sandbox_cpu_cores: always(2) },
  },
  {
    name: 'KataGuestLoadHigh',
    expression: 'kata_sandbox_load1 / kata_sandbox_cpu_cores > 4',
    lasts: '15m',
    severity: 'info',
    summary: `The load of ${pod} ${onNode} is {{ $value | humanize }} for each CPU`,
    meaning: 'More tasks are ready to run, or wait for disks, than the guest has CPUs.',
    look: ['CPU usage, and `kata_guest_cpu_time{item="iowait"}`.'],
    act: ['Raise the CPU limit of the pod.'],
    fires: { kata_sandbox_load1: always(10), kata_sandbox_cpu_cores: always(2) },
    quiet: { kata_sandbox_load1: always(2), kata_sandbox_cpu_cores: always(2) },
  },
  {
    name: 'KataGuestPressureHigh',
    expression: [
      'label_replace(rate(kata_guest_pressure_cpu_waiting_seconds_total[5m]) > 0.9, "resource", "CPU", "", "")',
      'label_replace(rate(kata_guest_pressure_memory_waiting_seconds_total[5m]) > 0.2, "resource", "memory", "", "")',
      'label_replace(rate(kata_guest_pressure_io_waiting_seconds_total[5m]) > 0.6, "resource", "I/O", "", "")',
    ].join(' or '),
    lasts: '10m',
    severity: 'warning',
    summary: `Tasks in ${pod} ${onNode} wait for {{ $labels.resource }} {{ $value | humanizePercentage }} of the time`,
    meaning:
      'At least one task of the guest was stalled for most of the time: the pod is slower than it could be. This is the pressure stall information of its kernel. Only kata-agent reports it.',
    look: [
      'Which container it is: `kata_guest_container_pressure_*`.',
      'Whether its limit is the cause: `rate(kata_guest_container_cpu_cfs_throttled_seconds_total[5m])`, and its memory limit.',
      'Memory: major page faults, `rate(kata_sandbox_memory_major_page_faults_total[5m])`, show that programs are read again and again.',
    ],
    act: [
      'CPU: raise the CPU limit of the container or of the pod.',
      'Memory: raise the memory limit before the kernel kills a process.',
      'I/O: use a faster volume.',
    ],
    fires: { kata_guest_pressure_memory_waiting_seconds_total: '0+30x180' },
    alsoFires: [
      { kata_guest_pressure_cpu_waiting_seconds_total: '0+58x180' },
      { kata_guest_pressure_io_waiting_seconds_total: '0+45x180' },
    ],
    quiet: {
      kata_guest_pressure_cpu_waiting_seconds_total: '0+40x180',
      kata_guest_pressure_memory_waiting_seconds_total: '0+6x180',
      kata_guest_pressure_io_waiting_seconds_total: '0+20x180',
    },
  },
  {
    name: 'KataSandboxHostPressureHigh',
    expression: [
      'label_replace(rate(kata_shim_sandbox_pressure_memory_waiting_seconds_total[5m]) > 0.2, "resource", "memory", "", "")',
      'label_replace(rate(kata_shim_sandbox_pressure_io_waiting_seconds_total[5m]) > 0.6, "resource", "I/O", "", "")',
    ].join(' or '),
    lasts: '10m',
    severity: 'warning',
    summary: `Processes of the sandbox of ${pod} ${onNode} wait for {{ $labels.resource }} of the host {{ $value | humanizePercentage }} of the time`,
    meaning:
      'The hypervisor, virtiofsd or the shim was stalled on the host: the guest is slow, and cannot know why. This is the pressure stall information of the cgroup of the sandbox, which exists in cgroup v2 only. Only kata-shim reports it.',
    look: [
      'Whether the node is short as well: its `/proc/pressure`, or `node_pressure_*` of node_exporter.',
      'Memory: the limit of the cgroup of the sandbox, `memory.max` and `memory.high`.',
      'I/O: the disk of the node under the volumes of the pod.',
    ],
    act: [
      'Memory: raise `overhead.podFixed.memory` of the RuntimeClass, or the memory limit of the pod.',
      'I/O: use a faster volume. If the node is short, move pods to other nodes.',
    ],
    fires: { kata_shim_sandbox_pressure_io_waiting_seconds_total: '0+50x180' },
    alsoFires: [{ kata_shim_sandbox_pressure_memory_waiting_seconds_total: '0+30x180' }],
    quiet: {
      kata_shim_sandbox_pressure_memory_waiting_seconds_total: '0+6x180',
      kata_shim_sandbox_pressure_io_waiting_seconds_total: '0+20x180',
    },
  },
  {
    name: 'KataCpuThrottled',
    expression: [
      'rate(kata_guest_container_cpu_cfs_throttled_periods_total[5m]) / rate(kata_guest_container_cpu_cfs_periods_total[5m]) > 0.25',
      'rate(kata_shim_sandbox_cpu_cfs_throttled_periods_total[5m]) / rate(kata_shim_sandbox_cpu_cfs_periods_total[5m]) > 0.25',
    ].join(' or '),
    lasts: '15m',
    severity: 'info',
    summary: `{{ if $labels.container_id }}A container in{{ else }}The sandbox of{{ end }} ${pod} ${onNode} is throttled in {{ $value | humanizePercentage }} of the periods of its CPU limit`,
    meaning:
      'The CPU limit is reached in more than a quarter of its periods. With the label `container_id`, it is the limit of a container in the guest, otherwise that of the cgroup of the sandbox on the host. Only kata-agent and kata-shim report it.',
    look: [
      'How long: `rate(kata_guest_container_cpu_cfs_throttled_seconds_total[5m])`, `rate(kata_shim_sandbox_cpu_cfs_throttled_seconds_total[5m])`.',
      'On the host: threads of the hypervisor beside the virtual CPUs count against the limit of the sandbox ([overhead.md](../overhead.md)).',
    ],
    act: [
      'Raise the CPU limit of the container, or remove it.',
      'On the host: raise `overhead.podFixed.cpu` of the RuntimeClass.',
    ],
    fires: {
      'kata_guest_container_cpu_cfs_periods_total{container_id="c"}': '0+600x180',
      'kata_guest_container_cpu_cfs_throttled_periods_total{container_id="c"}': '0+300x180',
    },
    alsoFires: [
      {
        kata_shim_sandbox_cpu_cfs_periods_total: '0+600x180',
        kata_shim_sandbox_cpu_cfs_throttled_periods_total: '0+300x180',
      },
    ],
    quiet: {
      'kata_guest_container_cpu_cfs_periods_total{container_id="c"}': '0+600x180',
      'kata_guest_container_cpu_cfs_throttled_periods_total{container_id="c"}': '0+60x180',
      kata_shim_sandbox_cpu_cfs_periods_total: always(0),
      kata_shim_sandbox_cpu_cfs_throttled_periods_total: always(0),
    },
  },
  {
    name: 'KataGuestExporterDown',
    expression: 'kata_sandbox_exporter_up == 0',
    lasts: '10m',
    severity: 'warning',
    summary: `The exporter "{{ $labels.exporter }}" in ${pod} ${onNode} does not respond`,
    meaning:
      'The monitor cannot read an exporter in the guest ([guest-exporters.md](../guest-exporters.md)). The metrics of the sandbox itself are not affected.',
    look: [
      'The reason: `kata_sandbox_exporter_error` of the exporter.',
      '`absent`: whether the program runs in the pod and listens on the loopback interface, and the address in the annotation of the pod.',
      '`timeout`: how long the exporter takes, and the load of the guest.',
      '`unsupported`: shims and agents of the upstream runtime cannot read exporters.',
    ],
    act: [
      'Start the exporter, or correct the annotation `kata-metrics/guest-exporters` of the pod.',
      '`too_large`, `too_many_samples`: let the exporter return fewer metrics.',
    ],
    fires: { 'kata_sandbox_exporter_up{exporter="app"}': always(0) },
    quiet: { 'kata_sandbox_exporter_up{exporter="app"}': always(1) },
  },
  {
    name: 'KataGuestExporterIncomplete',
    expression:
      '(kata_sandbox_exporter_error == 1 unless on (job, instance, sandbox_id, exporter) kata_sandbox_exporter_up == 0) or kata_shim_exporter_dropped_samples > 0',
    lasts: '10m',
    severity: 'warning',
    summary: `Metrics of the exporter "{{ $labels.exporter }}" in ${pod} ${onNode} are missing ({{ $labels.reason }})`,
    meaning:
      'The exporter responds, but the monitor or the shim drops some of its metrics; or the annotation of the pod names an exporter that the node does not allow (`not_allowed`).',
    look: [
      '`kata_sandbox_exporter_dropped_samples` and `kata_shim_exporter_dropped_samples` by reason. [metrics.md](../metrics.md#reasons) explains the reasons.',
      lookAtLog,
    ],
    act: [
      '`not_allowed`: add the exporter to `--guest-exporter` of the node, or remove it from the annotation.',
      'A limit: let the exporter return fewer metrics ([guest-exporters.md](../guest-exporters.md#limits)).',
      '`reserved_label`, `forbidden_family`: the guest uses names that belong to the monitor. If it does that on purpose, treat it as compromised.',
    ],
    fires: {
      'kata_sandbox_exporter_error{exporter="app",reason="reserved_label"}': always(1),
      'kata_sandbox_exporter_up{exporter="app"}': always(1),
    },
    alsoFires: [
      { 'kata_sandbox_exporter_error{exporter="app",reason="not_allowed"}': always(1) },
      { 'kata_shim_exporter_dropped_samples{exporter="app",reason="reserved_label"}': always(2) },
    ],
    quiet: {
      'kata_sandbox_exporter_error{exporter="app",reason="timeout"}': always(1),
      'kata_sandbox_exporter_up{exporter="app"}': always(0),
    },
  },
  {
    name: 'KataSandboxVcpuWait',
    expression:
      'sum without (cpu) (rate(kata_hypervisor_vcpu_wait_seconds_total[5m])) / on (job, instance, sandbox_id) group_left kata_sandbox_cpu_cores > 0.3',
    lasts: '15m',
    severity: 'warning',
    summary: `The virtual CPUs of ${pod} ${onNode} wait for a CPU of the host {{ $value | humanizePercentage }} of the time`,
    meaning:
      'The threads of the virtual CPUs are ready to run, but the host runs other tasks, or the CPU limit of the pod throttles them. This is measured on the host, also without KVM. Only kata-shim reports it.',
    look: [
      'The limit of the pod: `rate(kata_shim_sandbox_cpu_cfs_throttled_seconds_total[5m])`.',
      'The load and the CPU requests of the node.',
    ],
    act: ['Raise the CPU limit of the pod if it is throttled. Otherwise, move pods to other nodes.'],
    fires: { 'kata_hypervisor_vcpu_wait_seconds_total{cpu="0"}': '0+30x180', kata_sandbox_cpu_cores: always(1) },
    quiet: { 'kata_hypervisor_vcpu_wait_seconds_total{cpu="0"}': '0+6x180', kata_sandbox_cpu_cores: always(1) },
  },
  {
    name: 'KataGuestPanicked',
    expression:
      'increase(kata_hypervisor_guest_events_total{event=~"panicked|crash_loaded"}[15m]) > 0 or last_over_time(kata_sandbox_final_lifetime_seconds{reason="panicked"}[15m]) >= 0',
    severity: 'critical',
    summary: `The kernel of the guest of ${pod} ${onNode} has panicked`,
    meaning:
      'The guest reported a panic through the device pvpanic. A sandbox of kata-shim ends with it; with other runtimes, the guest may remain paused.',
    look: [
      'The log of the shim, which has the last line of the console: `journalctl -t kata` on the node.',
      'Memory of the guest before the panic: `kata_sandbox_memory_available_bytes`.',
    ],
    act: [
      'Delete the pod if its virtual machine remains.',
      'If guests with one kernel or image panic again, use the previous version of it, and report the console log.',
    ],
    fires: { 'kata_hypervisor_guest_events_total{event="panicked"}': '0x5 1x175' },
    alsoFires: [{ 'kata_sandbox_final_lifetime_seconds{reason="panicked"}': '_x5 60 _x174' }],
    quiet: {
      'kata_hypervisor_guest_events_total{event="panicked"}': always(0),
      'kata_sandbox_final_lifetime_seconds{reason="stopped"}': '_x5 60 _x174',
    },
  },
  {
    name: 'KataGuestNetworkErrors',
    expression:
      'rate(kata_sandbox_network_receive_errors_total[5m]) + rate(kata_sandbox_network_receive_dropped_total[5m]) + rate(kata_sandbox_network_transmit_errors_total[5m]) + rate(kata_sandbox_network_transmit_dropped_total[5m]) > 1',
    lasts: '10m',
    severity: 'warning',
    summary: `{{ $labels.interface }} in ${pod} ${onNode} loses {{ $value | humanize }} packets per second`,
    meaning: 'The guest drops packets, or has errors when it sends or receives.',
    look: [
      'CPU usage of the guest, because its receive queue may be full.',
      'The interface of the pod on the node: its errors, and an MTU that differs from that in the guest.',
    ],
    act: ['Raise the CPU limit of the pod.', 'Check the MTU that the network plugin sets.'],
    fires: {
      'kata_sandbox_network_receive_errors_total{interface="eth0"}': '0+600x180',
      'kata_sandbox_network_receive_dropped_total{interface="eth0"}': always(0),
      'kata_sandbox_network_transmit_errors_total{interface="eth0"}': always(0),
      'kata_sandbox_network_transmit_dropped_total{interface="eth0"}': always(0),
    },
    quiet: {
      'kata_sandbox_network_receive_errors_total{interface="eth0"}': always(5),
      'kata_sandbox_network_receive_dropped_total{interface="eth0"}': always(0),
      'kata_sandbox_network_transmit_errors_total{interface="eth0"}': always(0),
      'kata_sandbox_network_transmit_dropped_total{interface="eth0"}': always(0),
    },
  },
  {
    name: 'KataGuestClockSkew',
    expression:
      'abs(kata_agent_process_start_time_seconds - on (instance, sandbox_id) group_right () kata_sandbox_created_seconds) > 120',
    lasts: '10m',
    severity: 'warning',
    summary: `The clock of the guest of ${pod} ${onNode} is {{ $value | humanizeDuration }} off`,
    meaning:
      'By the clock of the guest, its agent started long before or after the pod was created. TLS certificates and tokens can fail in such a guest. An agent that restarted long after the start of the pod also fires this alert.',
    look: ['The output of `kubectl exec POD -- date` and of `date` on the node.'],
    act: [
      'If the guest was paused, restored or created from a template, set its clock, or use kvm-clock and `ptp_kvm`.',
      'Guests that start before their pods (VM cache, template) differ by their age: silence this alert for them.',
    ],
    fires: { kata_agent_process_start_time_seconds: always(5000), kata_sandbox_created_seconds: always(1000) },
    quiet: { kata_agent_process_start_time_seconds: always(1005), kata_sandbox_created_seconds: always(1000) },
  },
  {
    name: 'KataAgentVersionSkew',
    expression: 'count by (job) (count by (job, agent_version) (kata_shim_sandbox_info{agent_version!=""})) > 1',
    lasts: '2h',
    severity: 'info',
    summary: 'Sandboxes run {{ $value }} versions of the agent',
    meaning: 'Sandboxes that started before an upgrade are still running. Only kata-shim reports the version.',
    look: ['`count by (agent_version, instance) (kata_shim_sandbox_info)`.'],
    act: ['Restart the pods with the old version.'],
    fires: {
      'kata_shim_sandbox_info{agent_version="1"}': '1x180',
      'kata_shim_sandbox_info{agent_version="2"}': '1x180',
    },
    quiet: { 'kata_shim_sandbox_info{agent_version="1"}': '1x180' },
  },
  {
    name: 'KataSandboxOverheadHigh',
    expression:
      'kata_sandbox_overhead_memory_bytes > on (cri_uid) group_left () label_replace(kube_pod_overhead_memory_bytes, "cri_uid", "$1", "uid", "(.+)")',
    lasts: '30m',
    severity: 'warning',
    summary: `${pod} ${onNode} has an overhead of {{ $value | humanize1024 }}B of host memory, more than its RuntimeClass reserves`,
    meaning:
      'The scheduler reserves `overhead.podFixed.memory` of the RuntimeClass for each pod. If pods need more, the node can run out of memory. This alert requires kube-state-metrics.',
    look: [
      '`quantile(0.95, kata_sandbox_overhead_memory_bytes)` for the RuntimeClass.',
      '[overhead.md](../overhead.md), which explains what the overhead includes.',
    ],
    act: ['Raise `overhead.podFixed.memory` of the RuntimeClass.'],
    fires: {
      'kata_sandbox_overhead_memory_bytes{cri_uid="u"}': always(300e6),
      'kube_pod_overhead_memory_bytes{uid="u",namespace="shop",pod="web"}': always(200e6),
    },
    quiet: {
      'kata_sandbox_overhead_memory_bytes{cri_uid="u"}': always(100e6),
      'kube_pod_overhead_memory_bytes{uid="u",namespace="shop",pod="web"}': always(200e6),
    },
  },
];

/** Each reason of the catalog and the alert for it; undefined for the quiet ones. */
export function alertOfReason(reason: SandboxErrorReason): string | undefined {
  return alerts.find(({ expression }) => new RegExp(`[|"]${reason}[|"]`).test(expression))?.name;
}

export { quietReasons };
