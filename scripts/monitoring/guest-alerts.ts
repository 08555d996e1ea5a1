/**
 * Alerts about guests.
 */
import { type Alert, always, lookAtLog, lookAtSandbox, lookAtShim, onNode, pod } from './alert.ts';

export const guestAlerts: readonly Alert[] = [
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
];
