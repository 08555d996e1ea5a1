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
const lookAtSandbox = '`kata-metrics ls` on the node: the state and the age of the sandbox.';
const lookAtLog = 'The log of kata-monitor on the node, which has the reason once for each change.';
const lookAtShim = 'The log of the shim: `journalctl -t kata` on the node.';

export const alerts: readonly Alert[] = [
  {
    name: 'KataMonitorDown',
    expression:
      'up == 0 and on (job, instance) count by (job, instance) (count_over_time(kata_monitor_build_info[1h]))',
    lasts: '5m',
    severity: 'critical',
    summary: `kata-monitor ${onNode} does not respond: the node's sandboxes are not observed`,
    meaning: 'Prometheus has scraped this kata-monitor within the last hour, and cannot any more.',
    look: [
      '`kubectl get pods -o wide` for the pod of the node; its last log and exit code.',
      'Page /targets of Prometheus: the error of the scrape.',
    ],
    act: [
      '`sample limit exceeded`: raise `podMonitor.sampleLimit`, or use a smaller profile.',
      'A pod that was killed for memory: raise `resources.limits.memory`.',
      '401 or a TLS error: the credentials or the certificate of Prometheus are old.',
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
    meaning: 'Scrapes take more than 5 s. At the timeout of the scrape, 10 s by default, sandboxes are left out.',
    look: [
      '`topk(5, kata_sandbox_scrape_duration_seconds)` for the node: slow shims.',
      'CPU of the monitor against its limit: `rate(kata_monitor_process_cpu_seconds_total[5m])`.',
    ],
    act: ['Remove a limit of CPU from the pod.', 'Use a smaller profile, or `--shim-timeout`.'],
    fires: { scrape_duration_seconds: always(7), kata_monitor_build_info: always(1) },
    quiet: { scrape_duration_seconds: always(1), kata_monitor_build_info: always(1) },
  },
  {
    name: 'KataMonitorScrapesFail',
    expression: 'increase(kata_monitor_scrape_failed_count[10m]) > 0',
    lasts: '5m',
    severity: 'warning',
    summary: `kata-monitor ${onNode} could not make {{ $value | humanize }} responses in 10 minutes`,
    meaning: 'Responses of /metrics failed as a whole. No single sandbox can cause that: it is a fault of the monitor.',
    look: [lookAtLog],
    act: ['Restart the pod, and report the log to the project.'],
    fires: { kata_monitor_scrape_failed_count: '0+1x180' },
    quiet: { kata_monitor_scrape_failed_count: always(3) },
  },
  {
    name: 'KataMonitorCriDown',
    expression: 'kata_monitor_cri_up == 0',
    lasts: '5m',
    severity: 'warning',
    summary: `The container manager ${onNode} does not respond to kata-monitor`,
    meaning: 'Sandboxes that are known keep the names of their pods; new ones have only `sandbox_id`.',
    look: ['`crictl info` on the node.', 'The value of `--runtime-endpoint`, and the mount of its directory.'],
    act: ['Restart the container manager if it is down.', 'Set `cri.distribution` or `cri.socketPath` of the chart.'],
    fires: { kata_monitor_cri_up: always(0) },
    quiet: { kata_monitor_cri_up: always(1) },
  },
  {
    name: 'KataMonitorSandboxesNotScraped',
    expression: 'kata_monitor_sandboxes_not_asked > 0',
    lasts: '5m',
    severity: 'warning',
    summary: `kata-monitor ${onNode} leaves out {{ $value }} sandboxes`,
    meaning: 'The node has more sandboxes than `--max-sandboxes`.',
    look: [
      '`kata_monitor_running_shim_count` of the node.',
      'Directories in the roots of the sandboxes that have no shim.',
    ],
    act: ['Raise `--max-sandboxes`, or remove directories that were left behind.'],
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
      'Nine of ten file descriptors are in use, or connections to shims could not be opened. The sandboxes are not at fault.',
    look: [
      '`kata_monitor_process_open_fds`, `kata_monitor_process_max_fds`, `kata_monitor_process_resident_memory_bytes`.',
    ],
    act: ['Raise the limit of open files of the container manager or the unit.'],
    fires: { [errorSeries('local_shortage')]: always(1) },
    quiet: { kata_monitor_process_open_fds: always(10), kata_monitor_process_max_fds: always(1000) },
  },
  {
    name: 'KataMonitorMemoryHigh',
    expression: 'kata_monitor_process_resident_memory_bytes > 230e6',
    lasts: '15m',
    severity: 'warning',
    summary: `kata-monitor ${onNode} uses {{ $value | humanize1024 }}B of memory`,
    meaning: 'It is near the limit of 256Mi of the chart. 500 sandboxes need some 142 MiB.',
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
    meaning: 'An upgrade did not reach every node.',
    look: [
      '`count by (version, instance) (kata_monitor_build_info)`.',
      '`kubectl rollout status daemonset/kata-monitor`.',
    ],
    act: ['Finish the upgrade, or roll it back.'],
    fires: { 'kata_monitor_build_info{version="1"}': always(1), 'kata_monitor_build_info{version="2"}': always(1) },
    quiet: { 'kata_monitor_build_info{version="1"}': always(1) },
  },
  {
    name: 'KataSandboxDown',
    expression: `${errorOf(downReasons)} and on (instance, sandbox_id) kata_sandbox_up == 0`,
    lasts: '5m',
    severity: 'warning',
    summary: `The shim of ${pod} ${onNode} does not respond ({{ $labels.reason }})`,
    meaning:
      'The shim of the sandbox does not respond. Its workload may still run. [metrics.md](../metrics.md#reasons) has the reasons.',
    look: [
      lookAtSandbox,
      lookAtShim,
      '`missing` or `refused` without a process of the shim: the sandbox ended and its directory was left behind.',
    ],
    act: [
      'Delete the pod when its shim is gone or unresponsive.',
      'Remove the directory of a sandbox that has no process.',
      '`reset` at runtime-rs over QEMU or Firecracker: see the reason in metrics.md.',
    ],
    fires: { [errorSeries('timeout')]: always(1), kata_sandbox_up: always(0) },
    quiet: { [errorSeries('starting')]: always(1), kata_sandbox_up: always(0) },
  },
  {
    name: 'KataSandboxUnsafeSocket',
    expression: errorOf(unsafeReasons),
    severity: 'critical',
    summary: `The socket of sandbox {{ $labels.sandbox_id }} ${onNode} can be replaced by another user`,
    meaning:
      'Socket, directory or root of the sandbox belong to another user, or others may write to them. The monitor does not connect.',
    look: ['`ls -la` of the directory of the sandbox and of its root.'],
    act: [
      'Find out who changed it: a container may have a mount of the directory with write access.',
      'Restore owner root and mode 0700 or 0755.',
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
      'The shim needs more than 500 ms. So that it does not delay the others, it is left out when it takes too long.',
    look: [
      '`kata_sandbox_scrape_duration_seconds` of the sandbox.',
      'CPU of the node, and of the guest: the agent needs some of it.',
    ],
    act: ['Raise the CPU of the pod, or move it to a node with less load.'],
    fires: { [errorSeries('slow')]: always(1) },
    quiet: { [errorSeries('timeout')]: always(1) },
  },
  {
    name: 'KataSandboxOverLimit',
    expression: errorOf(limitReasons),
    lasts: '10m',
    severity: 'warning',
    summary: `Metrics of ${pod} ${onNode} are cut off ({{ $labels.reason }})`,
    meaning: 'The sandbox sends more than a limit of the monitor allows. What is over it is left out.',
    look: ['`kata_sandbox_dropped_samples` by reason.', 'What the guest has many of: interfaces, disks, mounts.'],
    act: [
      'Use a smaller profile, or raise the limit that the reason names ([profiles.md](../profiles.md)).',
      'A guest that sends junk on purpose: treat it as compromised.',
    ],
    fires: { [errorSeries('over_budget')]: always(1) },
    quiet: { [errorSeries('timeout')]: always(1) },
  },
  {
    name: 'KataSandboxSamplesNearLimit',
    expression: 'kata_sandbox_scrape_samples > 16000',
    lasts: '10m',
    severity: 'warning',
    summary: `${pod} ${onNode} sends {{ $value }} samples; 20,000 are the limit`,
    meaning: 'Four fifths of `--max-samples` are in use. A sandbox usually has fewer than 1,000.',
    look: ['`topk(10, count by (__name__) ({sandbox_id="ID"}))`.'],
    act: ['Use the profile `standard`, which leaves out what grows with the number of pods.'],
    fires: { kata_sandbox_scrape_samples: always(17000) },
    quiet: { kata_sandbox_scrape_samples: always(800) },
  },
  {
    name: 'KataSandboxInvalidMetrics',
    expression: errorOf(invalidReasons),
    lasts: '10m',
    severity: 'warning',
    summary: `${pod} ${onNode} sends metrics that cannot be used ({{ $labels.reason }})`,
    meaning: 'Families of the sandbox are left out, because they are not the exposition format or are not allowed.',
    look: ['`kata-metrics get ID`: the response of the shim.', lookAtLog],
    act: ['Report it to who makes the runtime.', 'A guest with its own agent: treat it as compromised.'],
    fires: { [errorSeries('bad_value')]: always(1) },
    quiet: { [errorSeries('timeout')]: always(1) },
  },
  {
    name: 'KataShimSlow',
    expression: 'kata_sandbox_scrape_duration_seconds > 1 and on (instance, sandbox_id) kata_sandbox_up == 1',
    lasts: '10m',
    severity: 'info',
    summary: `The shim of ${pod} ${onNode} takes {{ $value | humanizeDuration }} for its metrics`,
    meaning: 'The response is complete, but late. Most of the time is the call of the agent in the guest.',
    look: ['`kata_sandbox_load1 / kata_sandbox_cpu_cores` of the sandbox.', 'Steal of the guest.'],
    act: ['As for [KataSandboxSlow](katasandboxslow.md).'],
    fires: { kata_sandbox_scrape_duration_seconds: always(2), kata_sandbox_up: always(1) },
    quiet: { kata_sandbox_scrape_duration_seconds: always(0.1), kata_sandbox_up: always(1) },
  },
  {
    name: 'KataAgentSlow',
    expression: 'kata_shim_agent_error{reason=~"deadline|slow"} == 1',
    lasts: '10m',
    severity: 'warning',
    summary: `The agent in ${pod} ${onNode} does not respond in time ({{ $labels.reason }})`,
    meaning:
      'The shim waits `--agent-timeout` for the agent. Metrics of the guest are missing; those of the host are there. Only kata-shim reports it.',
    look: ['CPU and load of the guest; whether the virtual machine is paused.'],
    act: ['Raise the CPU of the pod.', 'An unresponsive guest: see [KataGuestUnresponsive](kataguestunresponsive.md).'],
    fires: { 'kata_shim_agent_error{reason="deadline"}': always(1) },
    quiet: { 'kata_shim_agent_error{reason="invalid"}': always(1) },
  },
  {
    name: 'KataGuestUnresponsive',
    expression:
      'kata_sandbox_guest_up == 0 and on (instance, sandbox_id) max_over_time(kata_sandbox_guest_up[1h]) == 1',
    lasts: '2m',
    severity: 'critical',
    summary: `The guest of ${pod} ${onNode} has stopped responding`,
    meaning:
      'The guest sent metrics within the last hour, and does not now: it is paused, has crashed, or its agent has.',
    look: [
      lookAtSandbox,
      'The console of the guest, if it is logged.',
      '`kubectl exec` into the pod: it needs the same agent.',
    ],
    act: ['Resume a paused virtual machine.', 'Delete the pod, so that its controller makes a new one.'],
    fires: { kata_sandbox_guest_up: '1x5 0x175' },
    quiet: { kata_sandbox_guest_up: always(0) },
  },
  {
    name: 'KataGuestNeverUp',
    expression:
      'kata_sandbox_guest_up == 0 unless on (instance, sandbox_id) max_over_time(kata_sandbox_guest_up[1h]) == 1',
    lasts: '10m',
    severity: 'warning',
    summary: `The guest of ${pod} ${onNode} has never responded`,
    meaning: 'The sandbox is there for more than ten minutes, and its guest has sent no metrics.',
    look: [lookAtSandbox, lookAtShim, '`kubectl describe pod`.'],
    act: ['Kernel, image or agent of the guest may be wrong: try another pod of the same RuntimeClass.'],
    fires: { kata_sandbox_guest_up: always(0) },
    quiet: { kata_sandbox_guest_up: always(1) },
  },
  {
    name: 'KataGuestRestarted',
    expression: 'resets(kata_sandbox_cpu_usage_seconds_total[15m]) > 0',
    severity: 'info',
    summary: `The guest of ${pod} ${onNode} has started again`,
    meaning:
      'The CPU time of the guest began anew, while the sandbox is the same: the kernel has panicked and rebooted, or the virtual machine was restored.',
    look: ['`kata_sandbox_guest_uptime_seconds`; the console of the guest.'],
    act: ['Look for a panic. Kata Containers does not restart guests by itself.'],
    fires: { kata_sandbox_cpu_usage_seconds_total: '100x5 1x175' },
    quiet: { kata_sandbox_cpu_usage_seconds_total: '0+1x180' },
  },
  {
    name: 'KataGuestMemoryPressure',
    expression: 'kata_sandbox_memory_available_bytes / kata_sandbox_memory_total_bytes < 0.1',
    lasts: '10m',
    severity: 'warning',
    summary: `The guest of ${pod} ${onNode} has {{ $value | humanizePercentage }} of its memory left`,
    meaning: 'The kernel of the guest reclaims, and will kill a process when nothing is left.',
    look: [
      'Dashboard "Kata sandbox": working set beside the limit.',
      '`kata_guest_meminfo`: anonymous memory or slab.',
    ],
    act: ['Raise the memory limit of the pod, or `default_memory` of the runtime.'],
    fires: { kata_sandbox_memory_available_bytes: always(5), kata_sandbox_memory_total_bytes: always(100) },
    quiet: { kata_sandbox_memory_available_bytes: always(50), kata_sandbox_memory_total_bytes: always(100) },
  },
  {
    name: 'KataGuestOomKill',
    expression: 'increase(kata_guest_vm_stat{item="oom_kill"}[10m]) > 0',
    severity: 'critical',
    summary: `The guest of ${pod} ${onNode} has killed a process for memory`,
    meaning:
      'The kernel of the guest had no memory left. Kubernetes does not see it: the container may run on without the process.',
    look: ['`kubectl logs --previous`, and the restarts of the containers.', 'Working set of the guest before it.'],
    act: ['Raise the memory limit of the pod, or find the leak.'],
    fires: { 'kata_guest_vm_stat{item="oom_kill"}': '0x5 1x175' },
    quiet: { 'kata_guest_vm_stat{item="oom_kill"}': always(1) },
  },
  {
    name: 'KataGuestDiskSpaceLow',
    expression:
      'kata_sandbox_filesystem_available_bytes / kata_sandbox_filesystem_size_bytes < 0.1 and changes(kata_sandbox_filesystem_available_bytes[6h]) > 0',
    lasts: '10m',
    severity: 'warning',
    summary: `{{ $labels.mountpoint }} in ${pod} ${onNode} has {{ $value | humanizePercentage }} left`,
    meaning:
      'A file system of the guest is nearly full. Those that never change, such as the read-only image, are left out.',
    look: ['`kubectl exec POD -- df -h`.'],
    act: ['Remove what is not needed, or make the volume larger.'],
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
    meaning: 'Writes fail, or will soon.',
    look: ['`kubectl exec POD -- df -h`.'],
    act: ['As for [KataGuestDiskSpaceLow](kataguestdiskspacelow.md), now.'],
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
    meaning: 'No file can be made when none is left, though there is space.',
    look: ['`kubectl exec POD -- df -i`.'],
    act: ['Remove small files, or make the file system again with more inodes.'],
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
    summary: `The guest of ${pod} ${onNode} waits for the host's CPU {{ $value | humanizePercentage }} of the time`,
    meaning: 'The virtual CPUs are ready to run, and the host runs something else.',
    look: [
      'Load and CPU requests of the node.',
      'The CPU limit of the pod: the cgroup of the sandbox may be throttled.',
    ],
    act: ['Move pods from the node, or raise the CPU limit of the pod.'],
    fires: { 'kata_guest_cpu_time{cpu="total",item="steal"}': '0+20000x180', kata_sandbox_cpu_cores: always(2) },
    quiet: { 'kata_guest_cpu_time{cpu="total",item="steal"}': '0+1000x180', kata_sandbox_cpu_cores: always(2) },
  },
  {
    name: 'KataGuestLoadHigh',
    expression: 'kata_sandbox_load1 / kata_sandbox_cpu_cores > 4',
    lasts: '15m',
    severity: 'info',
    summary: `Four or more tasks wait for each CPU in ${pod} ${onNode}`,
    meaning: 'More tasks are ready, or wait for disks, than the CPUs of the guest can run.',
    look: ['CPU use and `kata_guest_cpu_time{item="iowait"}`.'],
    act: ['Raise the CPU limit of the pod.'],
    fires: { kata_sandbox_load1: always(10), kata_sandbox_cpu_cores: always(2) },
    quiet: { kata_sandbox_load1: always(2), kata_sandbox_cpu_cores: always(2) },
  },
  {
    name: 'KataGuestNetworkErrors',
    expression:
      'rate(kata_sandbox_network_receive_errors_total[5m]) + rate(kata_sandbox_network_receive_dropped_total[5m]) + rate(kata_sandbox_network_transmit_errors_total[5m]) + rate(kata_sandbox_network_transmit_dropped_total[5m]) > 1',
    lasts: '10m',
    severity: 'warning',
    summary: `{{ $labels.interface }} in ${pod} ${onNode} loses {{ $value | humanize }} packets in a second`,
    meaning: 'The guest drops packets, or has errors at sending or receiving.',
    look: ['CPU of the guest: its queue may be full.', 'The interface of the pod on the node.'],
    act: ['Raise the CPU of the pod; look at the network plugin.'],
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
      "By the guest's clock its agent started long before or after the pod was made. Certificates and tokens fail in such a guest.",
    look: ['`kubectl exec POD -- date`, beside `date` on the node.'],
    act: [
      'A guest that was paused, restored or made from a template: set its clock, or use the kvm-clock and `ptp_kvm`.',
      'Guests that are started before their pods (VM cache, template) differ by their age: silence this alert there.',
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
    meaning: 'Sandboxes from before an upgrade still run. Only kata-shim reports the version.',
    look: ['`count by (agent_version, instance) (kata_shim_sandbox_info)`.'],
    act: ['Restart the pods that have the old version.'],
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
    summary: `${pod} ${onNode} costs the host {{ $value | humanize1024 }}B beside its containers, more than its RuntimeClass says`,
    meaning:
      'The scheduler reserves `overhead.podFixed.memory` of the RuntimeClass for each pod. Pods that need more can bring the node out of memory. Needs kube-state-metrics.',
    look: [
      '`quantile(0.95, kata_sandbox_overhead_memory_bytes)` for the RuntimeClass.',
      '[overhead.md](../overhead.md): what is in it.',
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
