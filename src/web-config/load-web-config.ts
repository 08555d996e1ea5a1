/**
 * Reads web.yml and the files that it names, synchronously: they are small and local, and a handshake must not begin with
 * old certificates after new ones were written. Relative paths are relative to web.yml.
 */
import { dirname, resolve } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { PlainFileError, readPlainFile } from '../program/index.ts';
import { signatureOf } from './file-signature.ts';
import { type ClientAuthType, parseWebConfig, type TlsValues } from './parse-web-config.ts';
import { cipherSuites, curves, tls13Suites, tlsVersions } from './tls-names.ts';
import { WebConfigError } from './web-config-error.ts';

/** Source of the settings: a web.yml, or two files, like `cert_file` and `key_file` in a web.yml. */
export type WebConfigSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'tls'; readonly certFile: string; readonly keyFile: string };

export interface TlsSettings {
  readonly context: SecureContextOptions;
  readonly clientAuth: ClientAuthType;
  /** Certificates, as PEM, that those of clients are checked against. */
  readonly authorities: string | undefined;
  /** Undefined allows every name. */
  readonly allowedSans: readonly string[] | undefined;
}

export interface WebSettings {
  readonly tls: TlsSettings | undefined;
  /** bcrypt hashes by user; empty: no password is required. */
  readonly users: ReadonlyMap<string, string>;
  /** Headers of every response, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rateLimit: { readonly intervalMs: number; readonly burst: number } | undefined;
  /** Whether the file requests HTTP/2 explicitly. */
  readonly wantsHttp2: boolean;
}

export interface LoadedWebConfig {
  readonly result: WebSettings | WebConfigError;
  /** Signatures of web.yml and of all that it names, also where one of them is at fault; taken before they were read. */
  readonly files: ReadonlyMap<string, string>;
}

const readFaults: Readonly<Record<string, string>> = {
  EACCES: 'may not be read by this user',
  ENOENT: 'does not exist',
};

/** Limit of a file; no configuration of a server is larger. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Paths of the source are absolute. Never throws because of the content of the files. */
export function loadWebConfig(source: WebConfigSource): LoadedWebConfig {
  const files = new Map<string, string>();
  if (source.kind === 'file') {
    files.set(source.path, signatureOf(source.path));
  }
  try {
    const { tls, users, headers, rateLimit, wantsHttp2 } = parseWebConfig(readText(source));
    const folder = source.kind === 'file' ? dirname(source.path) : '/';
    const result = {
      tls: tls && loadTls(tls, folder, files),
      users,
      headers: Object.fromEntries([...headers].map(([name, value]) => [name.toLowerCase(), value])),
      rateLimit,
      wantsHttp2,
    };
    return { result, files };
  } catch (error) {
    const result = error instanceof WebConfigError ? error : new WebConfigError(String(error), { cause: error });
    return { result, files };
  }
}

/** JSON is YAML. */
function readText(source: WebConfigSource): string {
  return source.kind === 'file'
    ? readSmallFile(source.path)
    : JSON.stringify({ tls_server_config: { cert_file: source.certFile, key_file: source.keyFile } });
}

function loadTls(tls: TlsValues, folder: string, files: Map<string, string>): TlsSettings {
  const read = (name: 'cert' | 'client_ca' | 'key'): string | undefined => {
    const given = tls[`${name}_file`];
    if (!given) {
      return tls[name];
    }
    const path = resolve(folder, given);
    files.set(path, signatureOf(path));
    return readSmallFile(path, `tls_server_config.${name}_file`);
  };
  const ca = read('client_ca');
  const context: SecureContextOptions = {
    cert: read('cert'),
    key: read('key'),
    ...(ca ? { ca } : {}),
    minVersion: tlsVersions[tls.min_version]!,
    maxVersion: tlsVersions[tls.max_version]!,
    honorCipherOrder: tls.prefer_server_cipher_suites,
    ciphers: toCiphers(tls.cipher_suites ?? []),
    ecdhCurve: tls.curve_preferences?.map((name) => curves[name]).join(':') || 'auto',
  };
  try {
    process.getBuiltinModule('node:tls').createSecureContext(context);
  } catch (error) {
    throw new WebConfigError(`Certificate and key cannot be used: ${(error as Error).message}`, { cause: error });
  }
  return {
    context,
    clientAuth: tls.client_auth_type || 'NoClientCert',
    authorities: ca || undefined,
    allowedSans: tls.client_allowed_sans,
  };
}

/**
 * Converts cipher suites to names of OpenSSL. As in Go, TLS 1.2 has only suites with key exchange by ECDHE: with an RSA
 * key exchange, everything that was recorded can be decrypted if the key is lost later.
 */
function toCiphers(names: readonly string[]): string {
  const wanted = names.length > 0 ? names : Object.keys(cipherSuites);
  return [...new Set([...tls13Suites, ...wanted.map((name) => cipherSuites[name])])].join(':');
}

function readSmallFile(path: string, key?: string): string {
  const subject = key === undefined ? `File "${path}"` : `File "${path}" of key "${key}"`;
  try {
    return readPlainFile(path, MAX_FILE_BYTES, subject);
  } catch (error) {
    if (error instanceof PlainFileError) {
      throw new WebConfigError(error.message);
    }
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new WebConfigError(`${subject} ${readFaults[code] ?? `cannot be read: ${code}`}`, { cause: error });
  }
}
