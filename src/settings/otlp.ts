/**
 * The options of --otlp, and the environment variables of OpenTelemetry that mean the same.
 */
import { OptionError, type OptionTable, type OptionValues } from '../options/index.ts';

export const otlpOptionTable = {
  'otlp.endpoint': {
    kind: 'text',
    value: 'url',
    help: 'Push metrics to this OTLP endpoint, such as http://collector:4318, or http://collector:4317 with --otlp.protocol=grpc. Over HTTP, /v1/metrics is appended, unless the URL ends with it. Also OTEL_EXPORTER_OTLP_ENDPOINT; docs/otlp.md lists the other variables of OpenTelemetry',
  },
  'otlp.protocol': {
    kind: 'text',
    value: 'protocol',
    default: 'http/protobuf',
    choices: ['http/protobuf', 'http/json', 'grpc'],
    help: 'Protocol and encoding of the requests',
  },
  'otlp.headers': {
    kind: 'list',
    value: 'name=value,...',
    default: [],
    help: 'Headers of the requests, values percent-encoded. For secrets, use the variable OTEL_EXPORTER_OTLP_HEADERS: every user of the machine can read a command line',
  },
  'otlp.interval': {
    kind: 'duration',
    default: '1m',
    min: '1s',
    max: '1h',
    help: 'Time between two pushes',
  },
  'otlp.timeout': {
    kind: 'duration',
    default: '10s',
    min: '100ms',
    max: '10m',
    help: 'Timeout of one request',
  },
  'otlp.compression': {
    kind: 'text',
    value: 'encoding',
    default: 'gzip',
    choices: ['gzip', 'none'],
    help: 'Compression of the requests',
  },
  'otlp.resource-attributes': {
    kind: 'list',
    value: 'key=value,...',
    default: [],
    help: 'Attributes of the resource of every sandbox and of the monitor, such as k8s.cluster.name=prod, values percent-encoded',
  },
  'otlp.ca-file': { kind: 'text', value: 'file', help: 'PEM file with the CA of the certificate of --otlp.endpoint' },
  'otlp.cert-file': {
    kind: 'text',
    value: 'file',
    help: 'PEM file with the client certificate for --otlp.endpoint. Requires --otlp.key-file',
  },
  'otlp.key-file': { kind: 'text', value: 'file', help: 'PEM file with the private key of --otlp.cert-file' },
} as const satisfies OptionTable;

export type OtlpOptionValues = OptionValues<typeof otlpOptionTable>;

export interface OtlpSettings {
  /** URL, with the path over HTTP. */
  readonly url: URL;
  readonly protocol: OtlpOptionValues['otlpProtocol'];
  readonly headers: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly compression: OtlpOptionValues['otlpCompression'];
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

const PATH = '/v1/metrics';

/** Undefined when nothing is pushed. @throws {OptionError} */
export function toOtlpSettings(values: OtlpOptionValues): OtlpSettings | undefined {
  const { otlpEndpoint, otlpCaFile, otlpCertFile, otlpKeyFile } = values;
  if (otlpEndpoint === undefined || otlpEndpoint === '') {
    return undefined;
  }
  const { otlpProtocol: protocol } = values;
  const url = toUrl(otlpEndpoint, protocol);
  if ((otlpCertFile === undefined) !== (otlpKeyFile === undefined)) {
    throw new OptionError('Options "--otlp.cert-file" and "--otlp.key-file" require each other');
  }
  return {
    url,
    protocol,
    headers: toHeaders(values.otlpHeaders),
    intervalMs: values.otlpIntervalMs,
    timeoutMs: values.otlpTimeoutMs,
    compression: values.otlpCompression,
    resourceAttributes: Object.fromEntries(toPairs('otlp.resource-attributes', values.otlpResourceAttributes)),
    caFile: otlpCaFile,
    certFile: otlpCertFile,
    keyFile: otlpKeyFile,
  };
}

function toUrl(text: string, protocol: OtlpSettings['protocol']): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new OptionError(`Option "--otlp.endpoint" must be http://host:port or https://host:port, got "${text}"`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new OptionError('Option "--otlp.endpoint" must not contain a password: use OTEL_EXPORTER_OTLP_HEADERS');
  }
  if (url.search !== '' || url.hash !== '') {
    throw new OptionError(`Option "--otlp.endpoint" must have neither a query nor a fragment, got "${text}"`);
  }
  if (protocol === 'grpc') {
    if (url.pathname !== '/') {
      throw new OptionError(`Option "--otlp.endpoint" must have no path with --otlp.protocol=grpc, got "${text}"`);
    }
    return url;
  }
  const path = url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : url.pathname;
  url.pathname = path.endsWith(PATH) ? path : `${path}${PATH}`;
  return url;
}

/** Headers of the connection and of the body, which the monitor sets. HTTP/2 has no headers of a connection. */
const ownHeaders =
  /^(?:connection|content-encoding|content-length|content-type|grpc-.*|host|http2-settings|keep-alive|proxy-connection|te|transfer-encoding|upgrade)$/;

function toHeaders(values: readonly string[]): Record<string, string> {
  const pairs = toPairs('otlp.headers', values).map(([name, value]) => [name.toLowerCase(), value] as const);
  for (const [name, value] of pairs) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || ownHeaders.test(name) || !/^[\t\x20-\x7e]*$/.test(value)) {
      // Without the value, which may be a secret.
      throw new OptionError(`Option "--otlp.headers" has a header that cannot be sent: "${name}"`);
    }
  }
  return Object.fromEntries(pairs);
}

function toPairs(option: string, values: readonly string[]): (readonly [string, string])[] {
  return values
    .flatMap((value) => value.split(','))
    .filter((pair) => pair.trim() !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const name = pair.slice(0, Math.max(0, at)).trim();
      try {
        if (name !== '') {
          return [decodeURIComponent(name), decodeURIComponent(pair.slice(at + 1).trim())];
        }
      } catch {
        // As below.
      }
      throw new OptionError(`Option "--${option}" must be name=value,..., with percent-encoded values, got "${name}"`);
    });
}

/** Later ones win. */
const variables: readonly (readonly [string, keyof typeof otlpOptionTable, string?])[] = [
  ...['', 'METRICS_'].flatMap(
    (signal) =>
      [
        [`OTEL_EXPORTER_OTLP_${signal}ENDPOINT`, 'otlp.endpoint'],
        [`OTEL_EXPORTER_OTLP_${signal}PROTOCOL`, 'otlp.protocol'],
        [`OTEL_EXPORTER_OTLP_${signal}HEADERS`, 'otlp.headers'],
        [`OTEL_EXPORTER_OTLP_${signal}TIMEOUT`, 'otlp.timeout', 'ms'],
        [`OTEL_EXPORTER_OTLP_${signal}COMPRESSION`, 'otlp.compression'],
        [`OTEL_EXPORTER_OTLP_${signal}CERTIFICATE`, 'otlp.ca-file'],
        [`OTEL_EXPORTER_OTLP_${signal}CLIENT_CERTIFICATE`, 'otlp.cert-file'],
        [`OTEL_EXPORTER_OTLP_${signal}CLIENT_KEY`, 'otlp.key-file'],
      ] as const,
  ),
  ['OTEL_METRIC_EXPORT_INTERVAL', 'otlp.interval', 'ms'],
  ['OTEL_RESOURCE_ATTRIBUTES', 'otlp.resource-attributes'],
];

/**
 * The environment with the variables of OpenTelemetry under the names of our options, where those are not set. Unchanged
 * without an endpoint: then, the variables are not meant for us, and must not be errors.
 * `toName`: of the variable of an option. `hasFlag`: whether the command line has an endpoint.
 */
export function withOtelVariables(
  environment: Readonly<Record<string, string | undefined>>,
  toName: (option: string) => string,
  hasFlag: boolean,
): Readonly<Record<string, string | undefined>> {
  const isOff =
    environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || environment['OTEL_METRICS_EXPORTER'] === 'none';
  const found: Record<string, string> = {};
  for (const [variable, option, unit = ''] of variables) {
    const value = environment[variable] ?? '';
    if (value !== '' && !(isOff && option === 'otlp.endpoint')) {
      found[toName(option)] = `${value}${unit}`;
    }
  }
  const own = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const all = { ...found, ...own };
  return hasFlag || all[toName('otlp.endpoint')] !== undefined ? all : environment;
}
