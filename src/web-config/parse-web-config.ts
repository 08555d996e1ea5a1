/**
 * The text of web.yml, in the format that Prometheus' exporters share (prometheus/exporter-toolkit,
 * docs/web-configuration.md), to checked values. Reads no other file.
 */
import * as v from 'valibot';
import { parse, YAMLError } from 'yaml';
import { parseDuration } from '../options/index.ts';
import { cipherSuites, curves, tlsVersions } from './tls-names.ts';

/** The file cannot be used; the message names the key, what it may be, and the value. */
export class WebConfigError extends Error {
  override readonly name = 'WebConfigError';
}

/** Above it, one password takes more than 2 s of a processor. */
const maxBcryptCost = 15;
const maxBurst = 1_000_000;
const maxIntervalMs = 3_600_000;

const clientAuthTypes = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'RequireClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;

const keysOf = (names: Readonly<Record<string, unknown>>): v.GenericSchema<string> =>
  v.picklist(Object.keys(names), `must be one of ${Object.keys(names).join(', ')}`);

const text = v.string('must be a text');
const yesOrNo = v.boolean('must be true or false');
const tlsVersion = keysOf(tlsVersions);

const tlsSchema = v.strictObject(
  {
    cert: v.optional(text),
    key: v.optional(text),
    client_ca: v.optional(text),
    cert_file: v.optional(text),
    key_file: v.optional(text),
    client_ca_file: v.optional(text),
    client_auth_type: v.optional(
      v.picklist(clientAuthTypes, `must be one of ${clientAuthTypes.join(', ')}`),
      'NoClientCert',
    ),
    client_allowed_sans: v.optional(v.array(text, 'must be a list')),
    min_version: v.optional(tlsVersion, 'TLS12'),
    max_version: v.optional(tlsVersion, 'TLS13'),
    cipher_suites: v.optional(v.array(keysOf(cipherSuites), 'must be a list'), []),
    prefer_server_cipher_suites: v.optional(yesOrNo, true),
    curve_preferences: v.optional(v.array(keysOf(curves), 'must be a list'), []),
  },
  'is not a known key',
);

/** What a header's value may have in it: RFC 9110, section 5.5, without bytes above ASCII. */
const headerValue = v.pipe(text, v.regex(/^[\x20-\x7e\t]*$/, 'must be printable ASCII on one line'));

const headersSchema = v.strictObject(
  {
    'Content-Security-Policy': v.optional(headerValue),
    'X-Frame-Options': v.optional(v.picklist(['', 'deny', 'sameorigin'], 'must be one of deny, sameorigin')),
    'X-Content-Type-Options': v.optional(v.picklist(['', 'nosniff'], 'must be nosniff')),
    'X-XSS-Protection': v.optional(headerValue),
    'Strict-Transport-Security': v.optional(headerValue),
  },
  'is not a known key',
);

/** bcrypt's own form: version, cost, 22 characters of salt, 31 of hash. */
const bcryptHash = v.pipe(
  v.string('must be a bcrypt hash'),
  v.regex(/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/, 'must be a bcrypt hash'),
  v.check((hash) => {
    const cost = Number(hash.slice(4, 6));
    return cost >= 4 && cost <= maxBcryptCost;
  }, `must be a bcrypt hash of cost 4 to ${maxBcryptCost}`),
);

const durationMs = v.pipe(
  v.union([v.string(), v.literal(0)], 'must be a duration from 0 to 1h'),
  v.check((given) => (parseDuration(String(given)) ?? Infinity) <= maxIntervalMs, 'must be a duration from 0 to 1h'),
  v.transform((given) => parseDuration(String(given)) ?? 0),
);

const burst = v.pipe(
  v.number(`must be an integer from 1 to ${maxBurst}`),
  v.check((n) => Number.isInteger(n) && n >= 1 && n <= maxBurst, `must be an integer from 1 to ${maxBurst}`),
);

const fileSchema = v.strictObject(
  {
    tls_server_config: v.optional(tlsSchema),
    http_server_config: v.optional(
      v.strictObject({ http2: v.optional(yesOrNo), headers: v.optional(headersSchema, {}) }, 'is not a known key'),
      {},
    ),
    basic_auth_users: v.optional(v.record(v.string(), bcryptHash, 'must be users with their hashes'), {}),
    rate_limit: v.optional(v.strictObject({ interval: durationMs, burst }, 'is not a known key')),
  },
  'is not a known key',
);

export type WebConfigValues = v.InferOutput<typeof fileSchema>;
export type TlsValues = v.InferOutput<typeof tlsSchema>;

/** @throws {WebConfigError} for what is no YAML, a key that is not known, and a value that cannot be. */
export function parseWebConfig(yaml: string): WebConfigValues {
  const result = v.safeParse(fileSchema, readYaml(yaml) ?? {}, { abortEarly: true });
  if (!result.success) {
    throw new WebConfigError(describe(result.issues[0]));
  }
  const { tls_server_config: tls } = result.output;
  if (tls !== undefined) {
    checkTls(tls);
  }
  return result.output;
}

function readYaml(yaml: string): unknown {
  try {
    return parse(yaml, { maxAliasCount: 0, uniqueKeys: true });
  } catch (error) {
    // Its first line; the others show the text of the file, which may hold a key.
    const reason = error instanceof YAMLError || error instanceof Error ? error.message.split('\n', 1)[0] : 'no YAML';
    throw new WebConfigError(`YAML cannot be read: ${reason}`, { cause: error });
  }
}

/** The value is named but where it is a secret. */
function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? '';
  if (issue.kind === 'schema' && issue.type === 'strict_object') {
    if (issue.expected === 'never') return `Key "${path}" is not a known key`;
    return path === ''
      ? 'File must be keys with their values'
      : issue.expected?.startsWith('"') === true
        ? `Key "${path}" is missing`
        : `Key "${path}" must be keys with their values, got ${issue.received}`;
  }
  const isSecret = path.startsWith('basic_auth_users') || path === 'tls_server_config.key';
  return `Key "${path}" ${issue.message}${isSecret ? '' : `, got ${JSON.stringify(issue.input)}`}`;
}

function checkTls(tls: TlsValues): void {
  for (const name of ['cert', 'key', 'client_ca'] as const) {
    if (tls[name] && tls[`${name}_file`]) {
      throw new WebConfigError(
        `Keys "tls_server_config.${name}" and "tls_server_config.${name}_file" exclude each other`,
      );
    }
  }
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
  checkClientAuth(tls);
}

function checkClientAuth(tls: TlsValues): void {
  const type = tls.client_auth_type;
  const hasCa = Boolean(tls.client_ca || tls.client_ca_file);
  const name = 'Key "tls_server_config.client_auth_type"';
  if (hasCa && type === 'NoClientCert') {
    throw new WebConfigError(`${name} must ask for certificates where client_ca_file is given, got "${type}"`);
  }
  // Go would trust every authority of the machine; that is never what an operator of this file means.
  if (!hasCa && (type === 'RequireAndVerifyClientCert' || type === 'VerifyClientCertIfGiven')) {
    throw new WebConfigError(`Key "tls_server_config.client_ca_file" is missing: client_auth_type is "${type}"`);
  }
  if (tls.client_allowed_sans !== undefined && !type.startsWith('Require')) {
    throw new WebConfigError(`${name} must require a certificate where client_allowed_sans is given, got "${type}"`);
  }
}
