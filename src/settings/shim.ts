/**
 * The options of kata-shim's two commands, as data.
 */

import type { OptionTable } from '../options/index.ts';
import { logLevels } from '../program/index.ts';

/** Less than the 3 s that the existing node monitor waits for a shim, so that the host's figures still arrive. */
const DEFAULT_AGENT_TIMEOUT = '2s';

/** PID_MAX_LIMIT of the kernel on 64-bit machines. */
const MAX_PID = 4_194_304;

const commonOptions = {
  'sandbox-id': { kind: 'text', value: 'id', help: 'The sandbox', isRequired: true },
  root: { kind: 'text', value: 'directory', help: 'Where the directories of sandboxes are', default: '/run/vc/sbs' },
  'agent-timeout': {
    kind: 'duration',
    help: "The agent's share of the time for a request",
    default: DEFAULT_AGENT_TIMEOUT,
    min: '1ms',
    max: '1m',
  },
  container: {
    kind: 'list',
    value: 'id',
    help: 'A container in the guest, whose use is no overhead; can be given more than once; default: all that the guest uses',
    default: [],
  },
  'all-interfaces': {
    kind: 'flag',
    help: "Show every interface of the host's network namespace for a sandbox that is in it; default: lo and physical devices, because the others grow with the number of pods",
  },
  'no-go-compat': { kind: 'flag', help: 'Leave out the go_* families, which Node.js can only approximate' },
  'log-level': { kind: 'text', value: 'level', help: 'Least that is logged', choices: logLevels, default: 'info' },
} as const satisfies OptionTable;

export const attachOptions = {
  ...commonOptions,
  agent: {
    kind: 'text',
    value: 'address',
    help: 'Where the agent serves ttrpc: unix://<path>, vsock://<cid>:<port>, hvsock://<path>:<port>, serial+unix://<path> or remote://<path>',
    isRequired: true,
  },
  'hypervisor-pid': {
    kind: 'integer',
    value: 'pid',
    help: "The hypervisor's process",
    min: 1,
    max: MAX_PID,
    isRequired: true,
  },
  'virtiofsd-pid': { kind: 'integer', value: 'pid', help: "virtiofsd's process", min: 1, max: MAX_PID },
  cgroup: {
    kind: 'text',
    value: 'path',
    help: "The sandbox's cgroup, from the root of the cgroups, with nothing else in it; default: its processes are measured",
  },
  'firecracker-metrics': {
    kind: 'text',
    value: 'file',
    help: 'The FIFO or file to which a Firecracker writes its metrics; nobody else may read the FIFO',
  },
  'firecracker-api': {
    kind: 'text',
    value: 'socket',
    help: 'The API of a Firecracker, which is asked for fresh metrics before an answer',
  },
} as const satisfies OptionTable;

/** Of sandboxes that are virtual machines. */
const machineOptions = {
  kernel: {
    kind: 'text',
    value: 'file',
    help: "The guest's kernel; default: the one that npm run guest has built; Firecracker needs one as an ELF file",
  },
  firecracker: { kind: 'text', value: 'program', help: 'Firecracker, a path or a name', default: 'firecracker' },
  initrd: {
    kind: 'text',
    value: 'file',
    help: "The guest's first file system, with kata-agent in it; default: the one that npm run guest has built",
  },
  memory: { kind: 'integer', help: 'Memory of the guest in MiB', default: 512, min: 320, max: 1_048_576 },
  cpus: { kind: 'integer', help: 'CPUs of the guest', default: 1, min: 1, max: 255 },
  disk: {
    kind: 'integer',
    help: 'An empty disk of the guest, in MiB; it is gone with the sandbox',
    min: 1,
    max: 1_048_576,
  },
  virtiofs: { kind: 'text', value: 'directory', help: 'A directory that the guest shares with the host, by virtiofsd' },
  accelerator: {
    kind: 'text',
    value: 'kind',
    help: 'What runs the CPUs of the guest; auto: KVM where a trial shows that it works, else the emulation TCG',
    choices: ['auto', 'kvm', 'tcg'],
    default: 'auto',
  },
  'debug-console': {
    kind: 'flag',
    help: "Open a root shell of the guest on console.sock in the sandbox's directory, for whoever may use that",
  },
} as const satisfies OptionTable;

export const runOptions = {
  ...commonOptions,
  hypervisor: {
    kind: 'text',
    value: 'kind',
    help: 'What holds the sandbox; process: no virtual machine, nothing is isolated',
    choices: ['firecracker', 'process', 'qemu'],
    isRequired: true,
  },
  'workload-command': {
    kind: 'text',
    value: 'command',
    help: 'What runs in the sandbox, one command as the shell reads it; the sandbox ends with it',
    default: 'sleep infinity',
  },
  'agent-command': {
    kind: 'text',
    value: 'command',
    help: 'The agent, one command as the shell reads it, given --listen <address>; default: the kata-agent of this package',
  },
  ...machineOptions,
} as const satisfies OptionTable;
