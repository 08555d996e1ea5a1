/**
 * Parses the text of web.yml, in the format that Prometheus' exporters share
 * (exporter-toolkit/docs/web-configuration.md), to checked values. Reads no other file. What that package accepts is
 * accepted and means the same, except for the rows of the table in docs/security.md.
 */
import { cipherSuites, curves, tlsVersions } from './tls-names.ts';
import { WebConfigError } from './web-config-error.ts';
import {
  durationNs,
  flag,
  integer,
  listOf,
  mapOf,
  oneOf,
  readYaml,
  struct,
  text,
  type YamlType,
} from './yaml-types.ts';

/** Above this cost, one password takes more than 2 s of CPU time. */
const MAX_BCRYPT_COST = 15;

const clientAuthTypes = [
  '',
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'RequireClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;

export type ClientAuthType = Exclude<(typeof clientAuthTypes)[number], ''>;

/** A name of a Go table. A list has no element without a name: the empty one is refused when it is checked. */
const nameOf = (names: Readonly<Record<string, unknown>>, zero: string): YamlType<string> =>
  oneOf(Object.keys(names), zero);

const tlsType = struct({
  cert: text(),
  key: text(),
  client_ca: text(),
  cert_file: text(),
  key_file: text(),
  client_ca_file: text(),
  client_auth_type: oneOf(clientAuthTypes, ''),
  client_allowed_sans: listOf(text()),
  // Without a value, Go's TLS decides: from 1.2 to 1.3.
  min_version: nameOf(tlsVersions, 'TLS12'),
  max_version: nameOf(tlsVersions, 'TLS13'),
  cipher_suites: listOf(nameOf(cipherSuites, '')),
  prefer_server_cipher_suites: flag,
  curve_preferences: listOf(nameOf(curves, '')),
});

const fileType = struct({
  tls_server_config: tlsType,
  http_server_config: struct({ http2: flag, headers: mapOf(text()) }),
  basic_auth_users: mapOf(text()),
  rate_limit: struct({ interval: durationNs, burst: integer }),
});

type FileValues = typeof fileType.zero;
export type TlsValues = FileValues['tls_server_config'];

export interface WebConfigValues {
  /** Undefined when the file requires plain HTTP. */
  readonly tls: TlsValues | undefined;
  /** Whether the file enables HTTP/2 by `http2: true`. */
  readonly wantsHttp2: boolean;
  /** Values by name as in the file; empty values are omitted. */
  readonly headers: ReadonlyMap<string, string>;
  /** bcrypt hashes by user. */
  readonly users: ReadonlyMap<string, string>;
  /** Undefined where nothing is limited. A burst of 0 or less refuses every request. */
  readonly rateLimit: { readonly intervalMs: number; readonly burst: number } | undefined;
}

const initial: FileValues = {
  ...fileType.zero,
  tls_server_config: { ...tlsType.zero, prefer_server_cipher_suites: true },
};

/** @throws {WebConfigError} for invalid YAML, an unknown key, and an invalid value. */
export function parseWebConfig(yaml: string): WebConfigValues {
  const {
    tls_server_config: tls,
    http_server_config: http,
    basic_auth_users: users,
    rate_limit,
  } = readYaml(yaml, fileType, initial);
  checkHeaders(http.headers);
  for (const [user, hash] of users) {
    checkHash(user, hash);
  }
  const { interval, burst } = rate_limit;
  return {
    tls: hasTls(tls) ? checkTls(tls) : undefined,
    wantsHttp2: http.http2,
    headers: new Map([...http.headers].filter(([, value]) => value !== '')),
    users,
    rateLimit: interval > 0 ? { intervalMs: interval / 1e6, burst } : undefined,
  };
}

const choicesOfHeaders: Readonly<Record<string, readonly string[] | undefined>> = {
  'Content-Security-Policy': undefined,
  'X-Frame-Options': ['deny', 'sameorigin'],
  'X-Content-Type-Options': ['nosniff'],
  'X-XSS-Protection': undefined,
  'Strict-Transport-Security': undefined,
};

function checkHeaders(headers: ReadonlyMap<string, string>): void {
  for (const [name, value] of headers) {
    const path = `http_server_config.headers.${name}`;
    if (!Object.hasOwn(choicesOfHeaders, name)) {
      throw new WebConfigError(`Key "${path}" is not a known key`);
    }
    const choices = choicesOfHeaders[name];
    if (choices !== undefined && value !== '' && !choices.includes(value)) {
      throw new WebConfigError(`Key "${path}" must be one of ${choices.join(', ')}, got ${JSON.stringify(value)}`);
    }
    // Valid characters of a header value: RFC 9110, section 5.5, without bytes above ASCII.
    if (!/^[\x20-\x7e\t]*$/.test(value)) {
      throw new WebConfigError(`Key "${path}" must be printable ASCII on one line, got ${JSON.stringify(value)}`);
    }
  }
}

/** bcrypt's own form: version, cost, 22 characters of salt, 31 of hash. The value is a secret, and not in the message. */
function checkHash(user: string, hash: string): void {
  const [, digits] = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash) ?? [];
  if (digits === undefined) {
    throw new WebConfigError(`Key "basic_auth_users.${user}" must be a bcrypt hash`);
  }
  if (Number(digits) < 4 || Number(digits) > MAX_BCRYPT_COST) {
    throw new WebConfigError(`Key "basic_auth_users.${user}" must be a bcrypt hash of cost 4 to ${MAX_BCRYPT_COST}`);
  }
}

/** A section with nothing in it is none. Go also serves plain HTTP where only other keys are given; that is refused here. */
function hasTls(tls: TlsValues): boolean {
  return (
    [tls.cert, tls.key, tls.client_ca, tls.cert_file, tls.key_file, tls.client_ca_file, tls.client_auth_type].some(
      Boolean,
    ) ||
    tls.client_allowed_sans !== undefined ||
    tls.cipher_suites !== undefined ||
    tls.curve_preferences !== undefined ||
    tls.min_version !== initial.tls_server_config.min_version ||
    tls.max_version !== initial.tls_server_config.max_version
  );
}

function checkTls(tls: TlsValues): TlsValues {
  for (const name of ['cert', 'key'] as const) {
    if (!tls[name] && !tls[`${name}_file`]) {
      throw new WebConfigError(`Key "tls_server_config.${name}_file" is missing`);
    }
  }
  if (tls.min_version > tls.max_version) {
    throw new WebConfigError(
      `Key "tls_server_config.min_version" must be at most max_version "${tls.max_version}", got "${tls.min_version}"`,
    );
  }
  for (const name of ['cipher_suites', 'curve_preferences'] as const) {
    if (tls[name]?.includes('')) {
      throw new WebConfigError(`Key "tls_server_config.${name}" must be a list of names, got an element without one`);
    }
  }
  checkClientAuth(tls);
  return tls;
}

function checkClientAuth(tls: TlsValues): void {
  const type = tls.client_auth_type || 'NoClientCert';
  const hasCa = Boolean(tls.client_ca || tls.client_ca_file);
  const name = 'Key "tls_server_config.client_auth_type"';
  if (hasCa && type === 'NoClientCert') {
    throw new WebConfigError(`${name} must request certificates if client_ca_file is set, got "${type}"`);
  }
  // Go would trust every authority of the machine; that is never what an operator of this file means.
  if (!hasCa && (type === 'RequireAndVerifyClientCert' || type === 'VerifyClientCertIfGiven')) {
    throw new WebConfigError(`Key "tls_server_config.client_ca_file" is missing: client_auth_type is "${type}"`);
  }
  if (tls.client_allowed_sans !== undefined && !type.startsWith('Require')) {
    throw new WebConfigError(`${name} must require a certificate if client_allowed_sans is set, got "${type}"`);
  }
}
