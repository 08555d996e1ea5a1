/**
 * The commands of kata-metrics with their options; parsing, help and docs/configuration.md come from this table.
 */

import { eventKinds } from '../api/event-kinds.ts';
import { upHypervisors } from '../catalog/hypervisors.ts';
import type { OptionTable } from '../options/index.ts';
import { type ColumnKey, columns } from '../view/index.ts';
import { monitorOptionTable } from './monitor.ts';
import { runOptions } from './shim.ts';

const output = {
  kind: 'text',
  value: 'form',
  default: 'text',
  choices: ['text', 'json'],
  short: 'o',
  help: 'Output format',
} as const;

const upOptions = {
  sandboxes: {
    kind: 'integer',
    default: 2,
    min: 1,
    max: 100,
    help: 'Number of sandboxes to start if the node has none',
  },
  hypervisor: {
    kind: 'text',
    value: 'kind',
    default: 'auto',
    choices: ['auto', ...upHypervisors],
    help: 'Hypervisor of the sandboxes to start. qemu: virtual machines with the guest that npm run guest builds. process: plain processes without isolation. auto: qemu if QEMU and a guest are available, otherwise process',
  },
  memory: { ...runOptions.memory, help: 'Memory of each virtual machine, in MiB' },
  cpus: { ...runOptions.cpus, help: 'Number of CPUs of each virtual machine' },
  'debug-console': {
    ...runOptions['debug-console'],
    help: "Open a root shell of each virtual machine on console.sock in its sandbox's directory. Every user with access to that socket can use it",
  },
  prometheus: {
    kind: 'flag',
    help: 'Also start the Prometheus that is installed on this machine, on a loopback address, with the rules and alerts of this package. Its data is removed at the end',
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

/** How live commands repeat. */
const repeatOptions = {
  watch: { kind: 'flag', help: 'Repeat until interrupted' },
  interval: { kind: 'duration', default: '2s', min: '500ms', max: '1h', help: 'Time between two reads' },
} as const satisfies OptionTable;

/** How to reach the server of `--prometheus` or `--url`. */
const clientOptions = {
  'ca-file': { kind: 'text', value: 'file', help: 'PEM file with the CA of the certificate of --url or --prometheus' },
  'cert-file': {
    kind: 'text',
    value: 'file',
    help: 'PEM file with the client certificate for --url or --prometheus. Requires --key-file',
  },
  'key-file': { kind: 'text', value: 'file', help: 'PEM file with the private key of --cert-file' },
  username: { kind: 'text', value: 'name', help: 'User name for --url or --prometheus. Requires --password-file' },
  'password-file': { kind: 'text', value: 'file', help: 'File with the password of --username, in its first line' },
} as const satisfies OptionTable;

const prometheus = {
  kind: 'text',
  value: 'url',
  help: 'Read the sandboxes of all nodes from a Prometheus that scrapes their monitors, or from a server with its query API',
} as const;

const topOptions = {
  sort: {
    kind: 'text',
    value: 'column',
    default: 'state',
    choices: columns.map(({ key }) => key) as [ColumnKey, ...ColumnKey[]],
    help: 'Column to sort by: numbers from the largest, names from A, states from the unhealthy ones',
  },
  filter: {
    kind: 'text',
    value: 'words',
    help: 'Only sandboxes whose pod, id, state or reason contains all of these words',
  },
  namespace: { kind: 'text', value: 'name', help: 'Only sandboxes of this namespace' },
  unhealthy: { kind: 'flag', help: 'Only sandboxes that are unhealthy' },
  interval: repeatOptions.interval,
  once: {
    kind: 'flag',
    help: 'Print the table once, with rates over one second. This is the default if standard output is not a terminal',
  },
  output: {
    kind: 'text',
    value: 'form',
    default: 'text',
    choices: ['text', 'wide', 'json', 'csv'],
    short: 'o',
    help: 'Output format: wide has more columns; json is the object of /api/v1/sandboxes; json and csv are printed once',
  },
  url: {
    kind: 'text',
    value: 'url',
    help: 'Read from a monitor instead of this node: http://host:port, https://host:port or unix:///path. It must serve its API (--web.page)',
  },
  prometheus,
  ...clientOptions,
  'sandboxes-root': monitorOptionTable['sandboxes-root'],
  'runtime-endpoint': monitorOptionTable['runtime-endpoint'],
} as const satisfies OptionTable;

const withoutUrl = (option: string): string => option.replace('--url or ', '');

const pageOptions = {
  prometheus: { ...prometheus, isRequired: true },
  'listen-address': {
    kind: 'text',
    value: 'address',
    default: '127.0.0.1:8091',
    help: 'Address to serve the page and its API on: host:port, or unix:///path. An address that other machines can reach requires --web.config.file or --web.insecure-listen',
  },
  interval: {
    kind: 'duration',
    default: '15s',
    min: '1s',
    max: '1h',
    help: 'Time between two reads from Prometheus while a page is open. More often than Prometheus scrapes shows nothing new',
  },
  ...(Object.fromEntries(
    Object.entries(clientOptions).map(([name, option]) => [name, { ...option, help: withoutUrl(option.help) }]),
  ) as typeof clientOptions),
  'web.config.file': monitorOptionTable['web.config.file'],
  'web.insecure-listen': {
    kind: 'flag',
    help: 'Serve on an address that other machines can reach, without passwords or client certificates',
  },
  'web.allowed-hosts': monitorOptionTable['web.allowed-hosts'],
} as const satisfies OptionTable;

const ofUrl = (option: string): string => option.replace(' or --prometheus', '');

const eventsOptions = {
  follow: { kind: 'flag', short: 'f', help: 'Print later events too, as they come, until interrupted' },
  kind: {
    kind: 'list',
    value: 'kind,...',
    default: [],
    help: `Only events of these kinds: ${eventKinds.join(', ')}`,
  },
  namespace: { kind: 'list', value: 'name,...', default: [], help: 'Only events of pods in these namespaces' },
  pod: { kind: 'list', value: 'name,...', default: [], help: 'Only events of pods with these names' },
  sandbox: { kind: 'list', value: 'id,...', default: [], help: 'Only events of sandboxes with these ids' },
  output: {
    kind: 'text',
    value: 'form',
    default: 'text',
    choices: ['text', 'wide', 'json', 'cloudevents'],
    short: 'o',
    help: 'Output format: wide has more columns; json and cloudevents print one object in each line',
  },
  url: {
    kind: 'text',
    value: 'url',
    help: 'Read the events of a monitor, which has those of the past, instead of observing this node: http://host:port, https://host:port or unix:///path. It must serve its API (--web.page)',
  },
  'last-event-id': {
    kind: 'text',
    value: 'id',
    help: 'Only events after the one with this id. Requires --url',
  },
  ...(Object.fromEntries(
    Object.entries(clientOptions).map(([name, option]) => [name, { ...option, help: ofUrl(option.help) }]),
  ) as typeof clientOptions),
  'sandboxes-root': monitorOptionTable['sandboxes-root'],
  'runtime-endpoint': monitorOptionTable['runtime-endpoint'],
} as const satisfies OptionTable;

const getOptions = {
  ...repeatOptions,
  family: {
    kind: 'list',
    value: 'prefix,...',
    default: [],
    help: 'Only families whose names begin with one of these prefixes',
  },
  'sandboxes-root': monitorOptionTable['sandboxes-root'],
  'runtime-endpoint': monitorOptionTable['runtime-endpoint'],
  output,
} as const satisfies OptionTable;

const statsOptions = {
  watch: { kind: 'flag', help: 'Repeat until interrupted, with the CPU usage since the previous read' },
  interval: { kind: 'duration', default: '5s', min: '100ms', max: '1h', help: 'Time between two reads with --watch' },
  'sandboxes-root': monitorOptionTable['sandboxes-root'],
  'runtime-endpoint': monitorOptionTable['runtime-endpoint'],
  output: { ...output, choices: ['text', 'json', 'csv'] },
} as const satisfies OptionTable;

const runtimeOptions = {
  'dry-run': { kind: 'flag', help: 'Print the file that install would write, and change nothing' },
  name: {
    kind: 'text',
    value: 'name',
    default: 'kata',
    help: 'Name of the runtime in containerd, which is the handler of a RuntimeClass',
  },
  shim: {
    kind: 'text',
    value: 'file',
    help: 'The shim, containerd-shim-kata-v2. By default, the one of this installation of kata-metrics',
  },
  'drop-in': {
    kind: 'text',
    value: 'file',
    default: '/etc/containerd/conf.d/kata-metrics.toml',
    help: 'File to write or remove',
  },
  'containerd-config': {
    kind: 'text',
    value: 'file',
    default: '/etc/containerd/config.toml',
    help: 'Configuration of containerd. It is read, and never changed',
  },
  containerd: {
    kind: 'text',
    value: 'program',
    default: 'containerd',
    help: 'The program containerd, which reports its version and the configuration that it would use',
  },
} as const satisfies OptionTable;

/** The placeholder of a sandbox in the usage of a command, and its meaning. */
export const SANDBOX_OPERAND = '<sandbox>';
export const SANDBOX_MEANING = '<sandbox> is an id, <namespace>/<pod>, or the beginning of either.';

export const cliCommands = {
  up: {
    usage: 'kata-metrics up [options]',
    about: 'Serves the metrics of this node. Starts sandboxes if the node has none.',
    options: upOptions,
  },
  ls: {
    usage: 'kata-metrics ls [<sandbox>] [options]',
    about: 'Lists the sandboxes of this node, their pods, state and age.',
    options: lsOptions,
  },
  top: {
    usage: 'kata-metrics top [options]',
    about: 'Shows the sandboxes of this node, or of a monitor, in a live table: states, reasons, rates and limits.',
    options: topOptions,
  },
  page: {
    usage: 'kata-metrics page --prometheus <url> [options]',
    about: 'Serves the page that shows the sandboxes, of all nodes of a Prometheus, and its API.',
    options: pageOptions,
  },
  events: {
    usage: 'kata-metrics events [options]',
    about:
      'Prints what happens to the sandboxes of this node, or of a monitor: starts, pauses, faults, OOM kills and ends.',
    options: eventsOptions,
  },
  get: {
    usage: 'kata-metrics get <sandbox> [options]',
    about: 'Prints the metrics of one sandbox as its shim returns them. Requires no monitor.',
    options: getOptions,
  },
  stats: {
    usage: 'kata-metrics stats [<sandbox>] [options]',
    about: 'Shows the current CPU and memory usage of the containers, as the container manager reports it.',
    options: statsOptions,
  },
  runtime: {
    usage: 'kata-metrics runtime install|uninstall [options]',
    about: 'Adds containerd-shim-kata-v2 to the configuration of containerd as a runtime, or removes it.',
    options: runtimeOptions,
  },
} as const;

export type CommandName = keyof typeof cliCommands;
