/**
 * The commands of kata-metrics with their options; parsing, help and docs/configuration.md come from this table.
 */

import type { OptionTable } from '../options/index.ts';
import { monitorOptionTable } from './monitor.ts';
import { runOptions } from './shim.ts';

const output = {
  kind: 'text',
  value: 'form',
  default: 'text',
  choices: ['text', 'json'],
  short: 'o',
  help: 'Form of what is printed',
} as const;

const upOptions = {
  sandboxes: {
    kind: 'integer',
    default: 2,
    min: 1,
    max: 100,
    help: 'Sandboxes to start where the node has none',
  },
  hypervisor: {
    kind: 'text',
    value: 'kind',
    default: 'auto',
    choices: ['auto', 'process', 'qemu'],
    help: 'What holds those that are started. qemu: virtual machines, with the guest that npm run guest has built; process: plain processes, nothing in them is isolated; auto: machines where QEMU and a guest are there',
  },
  memory: { ...runOptions.memory, help: 'Memory in MiB of each virtual machine that is started' },
  cpus: { ...runOptions.cpus, help: 'CPUs of each virtual machine that is started' },
  'debug-console': {
    ...runOptions['debug-console'],
    help: "Open a root shell of each virtual machine on console.sock in its sandbox's directory, for whoever may use that",
  },
  'listen-address': {
    ...monitorOptionTable['listen-address'],
  },
  'web.config.file': monitorOptionTable['web.config.file'],
  'web.insecure-listen': monitorOptionTable['web.insecure-listen'],
  'sandboxes-root': monitorOptionTable['sandboxes-root'],
} as const satisfies OptionTable;

const lsOptions = {
  'sandboxes-root': monitorOptionTable['sandboxes-root'],
  'runtime-endpoint': monitorOptionTable['runtime-endpoint'],
  output,
} as const satisfies OptionTable;

const getOptions = {
  family: { kind: 'list', value: 'prefix,...', default: [], help: 'Only families whose name begins with one of these' },
  'sandboxes-root': monitorOptionTable['sandboxes-root'],
  'runtime-endpoint': monitorOptionTable['runtime-endpoint'],
  output,
} as const satisfies OptionTable;

const statsOptions = {
  watch: { kind: 'flag', help: 'Read and print again until it is ended, with the CPU used in between' },
  interval: { kind: 'duration', default: '5s', min: '100ms', max: '1h', help: 'Time between two reads of --watch' },
  'sandboxes-root': monitorOptionTable['sandboxes-root'],
  'runtime-endpoint': monitorOptionTable['runtime-endpoint'],
  output: { ...output, choices: ['text', 'json', 'csv'] },
} as const satisfies OptionTable;

export const cliCommands = {
  up: {
    usage: 'kata-metrics up [options]',
    about: 'Serves the metrics of this node: of its sandboxes, or of some that it starts where there are none.',
    options: upOptions,
  },
  ls: {
    usage: 'kata-metrics ls [<namespace>/<pod>, id, or its beginning] [options]',
    about: 'Lists the sandboxes of this node, their pods, state and age.',
    options: lsOptions,
  },
  get: {
    usage: 'kata-metrics get <namespace>/<pod>, id, or its beginning [options]',
    about: "Prints one sandbox's metrics as its shim gives them; needs no monitor.",
    options: getOptions,
  },
  stats: {
    usage: 'kata-metrics stats [<namespace>/<pod>, id, or its beginning] [options]',
    about: 'Shows CPU and memory of the containers, as the container manager sees them now.',
    options: statsOptions,
  },
} as const;

export type CommandName = keyof typeof cliCommands;
