/**
 * The options of kata-shim's two commands, as data.
 */

import { startedHypervisors } from '../catalog/hypervisors.ts';
import type { OptionTable } from '../options/index.ts';
import { logLevels } from '../program/json-log.ts';

/** Less than the 3 s that the existing node monitor waits for a shim, so that the host's metrics still arrive. */
const DEFAULT_AGENT_TIMEOUT = '2s';

/** PID_MAX_LIMIT of the kernel on 64-bit machines. */
const MAX_PID = 4_194_304;

const commonOptions = {
  'sandbox-id': { kind: 'text', value: 'id', help: 'ID of the sandbox', isRequired: true },
  root: {
    kind: 'text',
    value: 'directory',
    help: 'Directory with one directory for each sandbox',
    default: '/run/vc/sbs',
  },
  'agent-timeout': {
    kind: 'duration',
    help: 'Timeout of a request to the agent, within the time of one request to the shim',
    default: DEFAULT_AGENT_TIMEOUT,
    min: '1ms',
    max: '1m',
  },
  container: {
    kind: 'list',
    value: 'id',
    help: 'ID of a container in the guest. The overhead excludes the CPU time and memory of these containers. By default, it excludes everything that the guest uses',
    default: [],
  },
  'all-interfaces': {
    kind: 'flag',
    help: "Export every interface if the sandbox is in the host's network namespace. By default, only lo and physical devices are exported there, because the number of the others grows with the number of pods",
  },
  'no-go-compat': { kind: 'flag', help: 'Omit the go_* families, which Node.js can only approximate' },
  'log-level': { kind: 'text', value: 'level', help: 'Minimum log level', choices: logLevels, default: 'info' },
} as const satisfies OptionTable;

export const attachOptions = {
  ...commonOptions,
  agent: {
    kind: 'text',
    value: 'address',
    help: 'Address on which the agent serves ttrpc: unix://<path>, vsock://<cid>:<port>, hvsock://<path>:<port>, serial+unix://<path> or remote://<path>',
    isRequired: true,
  },
  'hypervisor-pid': {
    kind: 'integer',
    value: 'pid',
    help: 'PID of the hypervisor',
    min: 1,
    max: MAX_PID,
    isRequired: true,
  },
  'virtiofsd-pid': { kind: 'integer', value: 'pid', help: 'PID of virtiofsd', min: 1, max: MAX_PID },
  cgroup: {
    kind: 'text',
    value: 'path',
    help: 'Cgroup of the sandbox, relative to the cgroup root, with no other processes in it. By default, the overhead is measured from the processes of the sandbox',
  },
  'qemu-monitor': {
    kind: 'text',
    value: 'socket',
    help: 'QMP socket of QEMU that no other program is connected to, such as the extra-monitor.sock of the Go runtime. The shim counts panics, resets and watchdog events of the guest',
  },
  'firecracker-metrics': {
    kind: 'text',
    value: 'file',
    help: 'FIFO or file to which Firecracker writes its metrics. No other process may read the FIFO',
  },
  'firecracker-api': {
    kind: 'text',
    value: 'socket',
    help: 'API socket of Firecracker. The shim requests a flush of the metrics before each response',
  },
} as const satisfies OptionTable;

/** Options for sandboxes that are virtual machines. */
const machineOptions = {
  kernel: {
    kind: 'text',
    value: 'file',
    help: 'Kernel of the guest. By default, the kernel that npm run guest builds. Firecracker requires an ELF file',
  },
  firecracker: {
    kind: 'text',
    value: 'program',
    help: 'Firecracker executable, a path or a name',
    default: 'firecracker',
  },
  initrd: {
    kind: 'text',
    value: 'file',
    help: 'Initial file system of the guest, which contains kata-agent. By default, the initrd that npm run guest builds',
  },
  memory: { kind: 'integer', help: 'Memory of the guest, in MiB', default: 512, min: 320, max: 1_048_576 },
  cpus: { kind: 'integer', help: 'Number of CPUs of the guest', default: 1, min: 1, max: 255 },
  disk: {
    kind: 'integer',
    help: 'Size in MiB of an empty disk for the guest. It is deleted with the sandbox',
    min: 1,
    max: 1_048_576,
  },
  virtiofs: {
    kind: 'text',
    value: 'directory',
    help: 'Directory of the host to share with the guest, through virtiofsd',
  },
  accelerator: {
    kind: 'text',
    value: 'kind',
    help: 'Accelerator of the guest. auto: KVM if a trial run succeeds, otherwise TCG emulation',
    choices: ['auto', 'kvm', 'tcg'],
    default: 'auto',
  },
  'debug-console': {
    kind: 'flag',
    help: "Open a root shell of the guest on console.sock in the sandbox's directory. Every user with access to that socket can use it",
  },
} as const satisfies OptionTable;

export const runOptions = {
  ...commonOptions,
  hypervisor: {
    kind: 'text',
    value: 'kind',
    help: 'Hypervisor of the sandbox. process: no virtual machine and no isolation',
    choices: startedHypervisors,
    isRequired: true,
  },
  'workload-command': {
    kind: 'text',
    value: 'command',
    help: 'Shell command to run in the sandbox. The sandbox ends when the command exits',
    default: 'sleep infinity',
  },
  'agent-command': {
    kind: 'text',
    value: 'command',
    help: 'Shell command that starts the agent; --listen <address> is appended. By default, the kata-agent of this package',
  },
  ...machineOptions,
} as const satisfies OptionTable;
