/**
 * Every option of kata-monitor, and how the values become settings before it starts. Flags, checks, --help and
 * docs/configuration.md come from this table.
 */
import { isIP } from 'node:net';
import { profiles } from '../catalog/profiles.ts';
import { knownCriSockets } from '../cri/known-sockets.ts';
import { type PodLabel, toPodLabels } from '../cri/pod-labels.ts';
import { OptionError, type OptionTable, type OptionValues } from '../options/index.ts';
import {
  isFamilyPrefix,
  ownFamilyPrefixes,
  sandboxLimitOptions,
  startsWithAny,
} from '../sandbox-policy/for-options.ts';
import { defaultSandboxesRoots } from '../sandboxes/sandbox.ts';
import type { WebConfigSource } from '../web-config/index.ts';
import { exporterOptionTable, type GuestExporter, toExporters } from './guest-exporters.ts';
import { isLocal, type ListenAddress, MAX_SOCKET_PATH_BYTES, parseListenAddress } from './listen-address.ts';
import { logFormats, logLevels } from './log-levels.ts';
import { type OtlpSettings, otlpOptionTable, toOtlpSettings } from './otlp.ts';
import { parseRuntimeEndpoint } from './runtime-endpoint.ts';

export const monitorOptionTable = {
  'listen-address': {
    kind: 'text',
    value: 'address',
    default: '127.0.0.1:8090',
    help: 'Address to serve HTTP on: host:port, :port for every address of the machine, or unix:///path. On an address that other machines can reach, without passwords or client certificates, only metrics, /sandboxes, /healthz and /readyz are served',
  },
  'runtime-endpoint': {
    kind: 'text',
    value: 'socket',
    help: 'CRI socket of the container manager: a path, unix:///path or unix:/path. By default, the sockets of containerd, CRI-O, k3s, MicroK8s and k0s are tried',
  },
  'cri-pod-labels': {
    kind: 'list',
    value: 'label,...',
    default: [],
    help: 'Pod labels to export in kata_sandbox_labels',
  },
  'pod-names': {
    kind: 'text',
    value: 'where',
    default: 'every-sample',
    choices: ['every-sample', 'info'],
    help: 'Which samples have the labels cri_uid, cri_name and cri_namespace: every-sample, or info, which is those of kata_sandbox_* only. Queries add the labels to other samples by joining kata_sandbox_runtime_info on sandbox_id',
  },
  'no-derived': {
    kind: 'flag',
    help: 'Omit the metrics in base units that the monitor derives, such as kata_sandbox_cpu_usage_seconds_total',
  },
  'log-level': {
    kind: 'text',
    value: 'level',
    default: 'info',
    choices: logLevels,
    // The aliases of logrus, and the level that the Go monitor uses instead of an unknown one.
    lenient: { aliases: { warning: 'warn' }, fallback: 'warn' },
    help: 'Minimum log level',
  },
  'log-format': {
    kind: 'text',
    value: 'format',
    default: 'text',
    choices: logFormats,
    help: 'Log format: text, as the Go monitor writes it (also valid logfmt), or json',
  },
  'sandboxes-root': {
    kind: 'list',
    value: 'directory',
    default: defaultSandboxesRoots,
    help: 'Directory with one entry for each sandbox',
  },
  'no-hypervisor-counters': {
    kind: 'flag',
    help: 'Do not read the counters of Cloud Hypervisor. By default, the monitor reads them from the API socket of each sandbox that has one',
  },
  'no-go-compat': {
    kind: 'flag',
    help: 'Omit the kata_monitor_go_* families, which existing dashboards query',
  },
  'scrape-timeout': {
    kind: 'duration',
    default: '10s',
    min: '100ms',
    max: '10m',
    help: 'Maximum duration of a /metrics request, even if the client would wait longer',
  },
  'timeout-offset': {
    kind: 'duration',
    default: '500ms',
    min: '0s',
    max: '1m',
    help: 'Time to subtract from the timeout that the client announces',
  },
  'shim-timeout': {
    kind: 'duration',
    default: '3s',
    min: '1ms',
    max: '10m',
    help: 'Timeout of a request to one shim',
  },
  'max-shim-requests': {
    kind: 'integer',
    default: 64,
    min: 2,
    max: 4096,
    help: 'Maximum number of concurrent requests to shims. At most a quarter of them go to shims that timed out in the previous scrape',
  },
  ...sandboxLimitOptions,
  'max-sandboxes': {
    kind: 'integer',
    default: 4096,
    min: 1,
    max: 1_000_000,
    help: 'Maximum number of sandboxes to scrape. If there are more, the monitor keeps those that it discovered first; sandboxes discovered together are ordered by ID',
  },
  'allow-family-prefix': {
    kind: 'list',
    value: 'prefix,...',
    default: [],
    help: 'Name prefixes of families that sandboxes may send, in addition to kata_, go_ and process_',
  },
  ...exporterOptionTable,
  'metrics.profile': {
    kind: 'text',
    value: 'profile',
    default: 'full',
    choices: profiles,
    help: 'Which metrics of each sandbox are in the response. docs/profiles.md lists the content and the cost of each profile',
  },
  'metrics.allow': {
    kind: 'list',
    value: 'prefix,...',
    default: [],
    help: 'Name prefixes, as in the response, of families to include whatever the profile is',
  },
  'metrics.deny': {
    kind: 'list',
    value: 'prefix,...',
    default: [],
    help: 'Name prefixes, as in the response, of families to exclude. If a family matches both --metrics.allow and --metrics.deny, the longer prefix wins; --metrics.deny wins if they are equal',
  },
  'last-words': {
    kind: 'text',
    value: 'choice',
    choices: ['on', 'off'],
    default: 'on',
    help: 'Whether to collect the final values of sandboxes when they end (kata_sandbox_final_* and kata_ended_sandboxes_*). Shims write them to .last-words in the sandboxes root, which the monitor must be able to write to',
  },
  'state-directory': {
    kind: 'text',
    value: 'directory',
    help: 'Directory for the totals of ended sandboxes, so that they continue after a restart. By default, .last-words in a sandboxes root, which a reboot of the node removes',
  },
  'web.config.file': {
    kind: 'text',
    value: 'file',
    help: "Configuration file for TLS, client certificates, passwords, headers and rate limit, in the format of Prometheus' exporter-toolkit",
  },
  'tls-cert-file': {
    kind: 'text',
    value: 'file',
    help: 'PEM file with the certificate for HTTPS, followed by intermediate certificates. Requires --tls-key-file',
  },
  'tls-key-file': {
    kind: 'text',
    value: 'file',
    help: 'PEM file with the private key of --tls-cert-file',
  },
  'web.insecure-listen': {
    kind: 'flag',
    help: 'Serve every page on addresses that other machines can reach, without passwords or client certificates',
  },
  'web.allowed-hosts': {
    kind: 'list',
    value: 'host,...',
    default: [],
    help: 'Names to accept in the Host header, in addition to IP addresses, localhost and the name of this machine: a name, *.suffix, or * for every name. By default, only requests over a loopback address are checked',
  },
  'web.admin-address': {
    kind: 'text',
    value: 'address',
    help: 'Address to serve /agent-url and /debug on. By default, they are served on --listen-address, if only this machine can reach it or clients are authenticated',
  },
  'web.page': {
    kind: 'text',
    value: 'choice',
    choices: ['on', 'off'],
    help: 'Whether to serve the page that shows the sandboxes to people, and its API under /api/v1. By default, on addresses that only this machine can reach or on which clients are authenticated, and on every address with --web.insecure-listen',
  },
  'web.max-requests': {
    kind: 'integer',
    default: 40,
    min: 1,
    max: 10_000,
    help: 'Maximum number of concurrent requests for pages of metrics. The same limit applies to /api/v1, to its stream and to /events, each counted separately. Further requests get status 503',
  },
  'events.max-count': {
    kind: 'integer',
    default: 1000,
    min: 1,
    max: 1_000_000,
    help: 'Maximum number of events of sandboxes that the monitor keeps for clients of /events that connect later. A client that misses events gets an event that reports the gap',
  },
  'events.max-bytes': {
    kind: 'integer',
    default: 1024 * 1024,
    min: 4096,
    max: 1024 * 1024 * 1024,
    unit: 'bytes',
    help: 'Maximum size of the events that --events.max-count keeps',
  },
  ...otlpOptionTable,
} as const satisfies OptionTable;

export type MonitorOptionValues = OptionValues<typeof monitorOptionTable>;

/** The options, each in the form that the monitor uses. */
export interface MonitorSettings
  extends Omit<
    MonitorOptionValues,
    | 'criPodLabels'
    | 'guestExporter'
    | 'listenAddress'
    | 'runtimeEndpoint'
    | 'tlsCertFile'
    | 'tlsKeyFile'
    | 'webAdminAddress'
    | 'webConfigFile'
  > {
  readonly listenAddress: ListenAddress;
  /** Configuration of TLS and authentication; undefined for plain HTTP without passwords. */
  readonly webConfig: WebConfigSource | undefined;
  /** Undefined when the admin pages have no separate address. */
  readonly webAdminAddress: ListenAddress | undefined;
  /** Absolute paths of the sockets on which the container manager may listen, in the order in which to try them. */
  readonly criSocketPaths: readonly string[];
  readonly podLabels: readonly PodLabel[];
  readonly guestExporters: readonly GuestExporter[];
  /** Undefined when nothing is pushed. */
  readonly otlp: OtlpSettings | undefined;
}

/**
 * Checks what the table alone cannot check. A value that the monitor ignores or changes adds a line to `notices`.
 * @throws {OptionError} with the option, the allowed values and the value.
 */
export function toMonitorSettings(values: MonitorOptionValues, notices: string[] = []): MonitorSettings {
  const {
    listenAddress: listenText,
    webAdminAddress: adminText,
    runtimeEndpoint,
    criPodLabels,
    guestExporter,
    tlsCertFile,
    tlsKeyFile,
    webConfigFile,
    ...rest
  } = values;
  const listenAddress = toAddress('listen-address', listenText);
  const webConfig = toWebConfigSource({ tlsCertFile, tlsKeyFile, webConfigFile });
  const webAdminAddress =
    adminText === undefined
      ? undefined
      : toAdminAddress(adminText, webConfig !== undefined || values.webInsecureListen);
  const emptyRoot = values.sandboxesRoot.find((root) => root.trim() === '' || root.includes('\0'));
  if (emptyRoot !== undefined) {
    throw new OptionError(`Option "--sandboxes-root" must be a directory, got "${emptyRoot}"`);
  }
  return {
    ...rest,
    ...toFamilySettings(values),
    webAllowedHosts: toHosts(values.webAllowedHosts),
    otlp: toOtlpSettings(values),
    listenAddress,
    webAdminAddress,
    webConfig,
    criSocketPaths: toMonitorCriSocketPaths(runtimeEndpoint, notices),
    podLabels: readPodLabels(criPodLabels),
    guestExporters: toExporters(values),
  };
}

/** With a TCP endpoint the monitor runs without pod names, as the Go monitor does. */
function toMonitorCriSocketPaths(runtimeEndpoint: string | undefined, notices: string[]): readonly string[] {
  if (runtimeEndpoint?.startsWith('tcp:') !== true) {
    return toCriSocketPaths(runtimeEndpoint);
  }
  notices.push(
    `Option "--runtime-endpoint" must be a unix socket, got "${runtimeEndpoint}": sandboxes have no pod names`,
  );
  return [];
}

/** @throws {OptionError} for one of the two TLS files without the other, or together with `--web.config.file`. */
function toWebConfigSource({
  tlsCertFile,
  tlsKeyFile,
  webConfigFile,
}: Pick<MonitorOptionValues, 'tlsCertFile' | 'tlsKeyFile' | 'webConfigFile'>): WebConfigSource | undefined {
  if (tlsCertFile === undefined && tlsKeyFile === undefined) {
    return webConfigFile === undefined ? undefined : { kind: 'file', path: webConfigFile };
  }
  if (tlsCertFile === undefined || tlsKeyFile === undefined) {
    const [present, missing] = tlsKeyFile === undefined ? ['cert', 'key'] : ['key', 'cert'];
    throw new OptionError(`Option "--tls-${present}-file" requires "--tls-${missing}-file"`);
  }
  if (webConfigFile !== undefined) {
    throw new OptionError(
      `Option "--tls-cert-file" cannot be used with "--web.config.file": name the files in its tls_server_config`,
    );
  }
  return { kind: 'tls', certFile: tlsCertFile, keyFile: tlsKeyFile };
}

/**
 * Paths of the sockets on which the container manager may listen, from `--runtime-endpoint`.
 * @throws {OptionError}
 */
export function toCriSocketPaths(runtimeEndpoint: string | undefined): readonly string[] {
  if (runtimeEndpoint === undefined) {
    return knownCriSockets;
  }
  const path = parseRuntimeEndpoint(runtimeEndpoint);
  if (path === undefined) {
    throw new OptionError(
      `Option "--runtime-endpoint" must be the absolute path of a socket, with or without unix:, got "${runtimeEndpoint}"`,
    );
  }
  return [path];
}

function readPodLabels(values: readonly string[]): readonly PodLabel[] {
  try {
    return toPodLabels(values.flatMap((value) => value.split(',')));
  } catch (error) {
    throw new OptionError(`Option "--cri-pod-labels" ${error instanceof Error ? error.message : String(error)}`);
  }
}

type FamilySettings = Pick<MonitorOptionValues, 'allowFamilyPrefix' | 'metricsAllow' | 'metricsDeny'>;

function toFamilySettings(values: MonitorOptionValues): FamilySettings {
  const allowFamilyPrefix = toPrefixes('allow-family-prefix', values.allowFamilyPrefix);
  const forbidden = allowFamilyPrefix.find((prefix) => startsWithAny(prefix, ownFamilyPrefixes));
  if (forbidden !== undefined) {
    throw new OptionError(
      `Option "--allow-family-prefix" must not begin with ${listOwnPrefixes()}, which are reserved for the monitor, got "${forbidden}"`,
    );
  }
  if (values.noDerived && values.metricsProfile === 'minimal') {
    throw new OptionError(
      'Option "--no-derived" cannot be used with "--metrics.profile minimal", which consists almost entirely of derived metrics',
    );
  }
  const metricsAllow = toPrefixes('metrics.allow', values.metricsAllow);
  const metricsDeny = toPrefixes('metrics.deny', values.metricsDeny);
  if (metricsAllow.length > 0 && metricsDeny.length === 0 && values.metricsProfile === 'full') {
    throw new OptionError(
      'Option "--metrics.allow" has no effect with "--metrics.profile full" and without "--metrics.deny": every family is in the response',
    );
  }
  return { allowFamilyPrefix, metricsAllow, metricsDeny };
}

function listOwnPrefixes(): string {
  return `${ownFamilyPrefixes.slice(0, -1).join(', ')} or ${ownFamilyPrefixes.at(-1)}`;
}

function toPrefixes(option: string, values: readonly string[]): readonly string[] {
  const prefixes = values.flatMap((value) => value.split(',')).map((prefix) => prefix.trim());
  const wrong = prefixes.find((prefix) => !isFamilyPrefix(prefix));
  if (wrong !== undefined) {
    throw new OptionError(`Option "--${option}" must be prefixes of family names, got "${wrong}"`);
  }
  return [...new Set(prefixes)];
}

function toHosts(values: readonly string[]): readonly string[] {
  const hosts = values.flatMap((value) => value.split(',')).map((host) => host.trim());
  const wrong = hosts.find((host) => isIP(host) === 0 && !/^(?:\*|(?:\*?\.)?[\w-]+(?:\.[\w-]+)*)$/.test(host));
  if (wrong !== undefined) {
    throw new OptionError(
      `Option "--web.allowed-hosts" must be host names without a port, *.suffix, or *, got "${wrong}"`,
    );
  }
  return [...new Set(hosts)];
}

function toAddress(option: string, text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address === undefined) {
    throw new OptionError(
      `Option "--${option}" must be host:port with a port from 0 to 65535, or unix:///path with at most ${MAX_SOCKET_PATH_BYTES} bytes, got "${text}"`,
    );
  }
  return address;
}

/** A remote address alone does not permit serving the admin pages without authentication; metrics are served there. */
function toAdminAddress(text: string, isProtected: boolean): ListenAddress {
  const address = toAddress('web.admin-address', text);
  if (!isLocal(address) && !isProtected) {
    throw new OptionError(
      `Option "--web.admin-address" must be an address that only this machine can reach, or be used with --web.config.file or --web.insecure-listen, got "${text}"`,
    );
  }
  return address;
}
