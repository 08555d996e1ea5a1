/**
 * Alerts about sandboxes, their shims and agents, seen from the host.
 */
import {
  type Alert,
  always,
  downReasons,
  errorOf,
  errorSeries,
  invalidReasons,
  limitReasons,
  lookAtLog,
  lookAtSandbox,
  lookAtShim,
  onNode,
  pod,
  slowReasons,
  unsafeReasons,
} from './alert.ts';

export const sandboxAlerts: readonly Alert[] = [
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
