/**
 * Every option of kata-monitor, and what is made of them before it starts. Flags, checks, --help and
 * docs/configuration.md come from this table.
 */
import { isIP } from 'node:net';
import { profiles } from '../catalog/profiles.ts';
import { knownCriSockets, type PodLabel, toPodLabels } from '../cri/index.ts';
import { OptionError, type OptionTable, type OptionValues } from '../options/index.ts';
import {
  isFamilyPrefix,
  ownFamilyPrefixes,
  sandboxBoundOptions,
  startsWithAny,
} from '../sandbox-policy/for-options.ts';
import { defaultSandboxesRoots } from '../sandboxes/index.ts';
import type { WebConfigSource } from '../web-config/index.ts';
import { isLocal, type ListenAddress, maxSocketPathBytes, parseListenAddress } from './listen-address.ts';
import { logFormats, logLevels } from './log-levels.ts';
import { parseRuntimeEndpoint } from './runtime-endpoint.ts';

export const monitorOptionTable = {
  'listen-address': {
    kind: 'text',
    value: 'address',
    default: '127.0.0.1:8090',
    help: 'Where to answer HTTP requests: host:port, :port for every address of the machine, or unix:///path; where other machines can reach it, without passwords or client certificates only metrics, /sandboxes, /healthz and /readyz are served',
  },
  'runtime-endpoint': {
    kind: 'text',
    value: 'socket',
    help: "Container manager's CRI socket: a path, unix:///path or unix:/path; without it, those of containerd, CRI-O, k3s, MicroK8s and k0s are tried",
  },
  'cri-pod-labels': {
    kind: 'list',
    value: 'label,...',
    default: [],
    help: 'Labels of pods that kata_sandbox_labels has',
  },
  'no-derived': {
    kind: 'flag',
    help: 'Leave out the figures in base units that the monitor works out, such as kata_sandbox_cpu_usage_seconds_total',
  },
  'log-level': {
    kind: 'text',
    value: 'level',
    default: 'info',
    choices: logLevels,
    // What logrus reads, and what the Go monitor makes of a level that it does not know.
    lenient: { aliases: { warning: 'warn' }, fallback: 'warn' },
    help: 'Minimum level that is logged',
  },
  'log-format': {
    kind: 'text',
    value: 'format',
    default: 'text',
    choices: logFormats,
    help: 'Form of a log line: text as the Go monitor writes it, which is also logfmt, or json',
  },
  'sandboxes-root': {
    kind: 'list',
    value: 'directory',
    default: defaultSandboxesRoots,
    help: 'Directory whose entries are sandboxes',
  },
  'no-go-compat': {
    kind: 'flag',
    help: 'Leave out the kata_monitor_go_* families that existing dashboards ask for',
  },
  'scrape-timeout': {
    kind: 'duration',
    default: '10s',
    min: '100ms',
    max: '10m',
    help: 'Most time for one answer of /metrics, also when the client would wait longer',
  },
  'timeout-offset': {
    kind: 'duration',
    default: '500ms',
    min: '0s',
    max: '1m',
    help: 'Kept back from the time that the client says it waits',
  },
  'shim-timeout': {
    kind: 'duration',
    default: '3s',
    min: '1ms',
    max: '10m',
    help: 'Most time for the answer of one shim',
  },
  'max-shim-requests': {
    kind: 'integer',
    default: 64,
    min: 2,
    max: 4096,
    help: 'Shims that are asked at the same time, a quarter of them at most such as hung the last time',
  },
  ...sandboxBoundOptions,
  'max-sandboxes': {
    kind: 'integer',
    default: 4096,
    min: 1,
    max: 1_000_000,
    help: 'Most sandboxes that are asked; of more, those that were there first stay, else the first by their ids',
  },
  'allow-family-prefix': {
    kind: 'list',
    value: 'prefix,...',
    default: [],
    help: 'Families that sandboxes may send beside kata_, go_ and process_, by the beginning of their names',
  },
  'metrics.profile': {
    kind: 'text',
    value: 'profile',
    default: 'full',
    choices: profiles,
    help: 'How much of each sandbox is in the answer; docs/profiles.md says what each profile has and costs',
  },
  'metrics.allow': {
    kind: 'list',
    value: 'prefix,...',
    default: [],
    help: 'Families that are in the answer, whatever the profile says, by the beginning of their names there',
  },
  'metrics.deny': {
    kind: 'list',
    value: 'prefix,...',
    default: [],
    help: 'Families that are not in the answer; of --metrics.allow and this the longer prefix counts, this where they are alike',
  },
  'web.config.file': {
    kind: 'text',
    value: 'file',
    help: "TLS, client certificates, passwords, headers and rate limit, in the format of Prometheus' exporter-toolkit",
  },
  'tls-cert-file': {
    kind: 'text',
    value: 'file',
    help: 'Certificate to serve HTTPS with, as PEM, with those of intermediate authorities; needs --tls-key-file',
  },
  'tls-key-file': {
    kind: 'text',
    value: 'file',
    help: 'Private key of --tls-cert-file, as PEM',
  },
  'web.insecure-listen': {
    kind: 'flag',
    help: 'Serve every page where other machines can reach it, without passwords or client certificates',
  },
  'web.allowed-hosts': {
    kind: 'list',
    value: 'host,...',
    default: [],
    help: 'Names that the Host header may have beside addresses, localhost and the name of this machine: a name, *.suffix, or * for every name; without it, only requests that come over a loopback address are checked',
  },
  'web.admin-address': {
    kind: 'text',
    value: 'address',
    help: 'Where to serve /agent-url and /debug instead of on --listen-address; without it, they are served there if only this machine can reach it, or clients are authenticated',
  },
  'web.max-requests': {
    kind: 'integer',
    default: 40,
    min: 1,
    max: 10_000,
    help: 'Requests for /metrics that are answered at the same time; more get 503',
  },
} as const satisfies OptionTable;

export type MonitorOptionValues = OptionValues<typeof monitorOptionTable>;

/** The options, each in the form in which it is used. */
export interface MonitorSettings
  extends Omit<
    MonitorOptionValues,
    | 'criPodLabels'
    | 'listenAddress'
    | 'runtimeEndpoint'
    | 'tlsCertFile'
    | 'tlsKeyFile'
    | 'webAdminAddress'
    | 'webConfigFile'
  > {
  readonly listenAddress: ListenAddress;
  /** What protects the addresses; undefined for plain HTTP without passwords. */
  readonly webConfig: WebConfigSource | undefined;
  /** Undefined when the admin pages have no address of their own. */
  readonly webAdminAddress: ListenAddress | undefined;
  /** Absolute paths where the container manager may listen, in the order in which it is looked for. */
  readonly criSocketPaths: readonly string[];
  readonly podLabels: readonly PodLabel[];
}

/**
 * Checks what the table alone cannot. What is used otherwise than it was written is added to `notices`.
 * @throws {OptionError} naming the option, what it may be, and the value.
 */
export function toMonitorSettings(values: MonitorOptionValues, notices: string[] = []): MonitorSettings {
  const {
    listenAddress: listenText,
    webAdminAddress: adminText,
    runtimeEndpoint,
    criPodLabels,
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
    listenAddress,
    webAdminAddress,
    webConfig,
    criSocketPaths: toMonitorCriSocketPaths(runtimeEndpoint, notices),
    podLabels: readPodLabels(criPodLabels),
  };
}

/** The Go monitor runs without pods' names where its endpoint is TCP, and so does this one. */
function toMonitorCriSocketPaths(runtimeEndpoint: string | undefined, notices: string[]): readonly string[] {
  if (runtimeEndpoint?.startsWith('tcp:') !== true) {
    return toCriSocketPaths(runtimeEndpoint);
  }
  notices.push(
    `Option "--runtime-endpoint" must be a unix socket, got "${runtimeEndpoint}": sandboxes have no names of pods`,
  );
  return [];
}

/** @throws {OptionError} for one of the two TLS files without the other, or beside a file that is to say it. */
function toWebConfigSource({
  tlsCertFile,
  tlsKeyFile,
  webConfigFile,
}: Pick<MonitorOptionValues, 'tlsCertFile' | 'tlsKeyFile' | 'webConfigFile'>): WebConfigSource | undefined {
  if (tlsCertFile === undefined && tlsKeyFile === undefined) {
    return webConfigFile === undefined ? undefined : { kind: 'file', path: webConfigFile };
  }
  if (tlsCertFile === undefined || tlsKeyFile === undefined) {
    const [given, missing] = tlsKeyFile === undefined ? ['cert', 'key'] : ['key', 'cert'];
    throw new OptionError(`Option "--tls-${given}-file" needs "--tls-${missing}-file" too`);
  }
  if (webConfigFile !== undefined) {
    throw new OptionError(
      `Option "--tls-cert-file" cannot be given with "--web.config.file": name the files in its tls_server_config`,
    );
  }
  return { kind: 'tls', certFile: tlsCertFile, keyFile: tlsKeyFile };
}

/**
 * Where the container manager may listen, by what `--runtime-endpoint` says.
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
      `Option "--allow-family-prefix" must not begin with ${ownFamilyPrefixes.join(' or ')}, which only the monitor may send, got "${forbidden}"`,
    );
  }
  if (values.noDerived && values.metricsProfile === 'minimal') {
    throw new OptionError(
      'Option "--no-derived" cannot be given where --metrics.profile is minimal, which has nearly nothing else',
    );
  }
  const metricsAllow = toPrefixes('metrics.allow', values.metricsAllow);
  const metricsDeny = toPrefixes('metrics.deny', values.metricsDeny);
  if (metricsAllow.length > 0 && metricsDeny.length === 0 && values.metricsProfile === 'full') {
    throw new OptionError(
      'Option "--metrics.allow" changes nothing without --metrics.deny where --metrics.profile is full: everything is in the answer',
    );
  }
  return { allowFamilyPrefix, metricsAllow, metricsDeny };
}

function toPrefixes(option: string, values: readonly string[]): readonly string[] {
  const prefixes = values.flatMap((value) => value.split(',')).map((prefix) => prefix.trim());
  const wrong = prefixes.find((prefix) => !isFamilyPrefix(prefix));
  if (wrong !== undefined) {
    throw new OptionError(`Option "--${option}" must be beginnings of family names, got "${wrong}"`);
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
      `Option "--${option}" must be host:port with a port from 0 to 65535, or unix:///path with at most ${maxSocketPathBytes} bytes, got "${text}"`,
    );
  }
  return address;
}

/** Other than for metrics, an address that other machines can reach is no consent to serve everything to everybody. */
function toAdminAddress(text: string, isProtected: boolean): ListenAddress {
  const address = toAddress('web.admin-address', text);
  if (!isLocal(address) && !isProtected) {
    throw new OptionError(
      `Option "--web.admin-address" must be an address that only this machine can reach, or be given with --web.config.file or --web.insecure-listen, got "${text}"`,
    );
  }
  return address;
}
