/**
 * Certificates for tests, made by openssl: authorities, and what they sign for servers and clients. Valid for a day.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
  /** As Node has it: upper-case hexadecimal. */
  readonly serial: string;
}

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** One that signs itself, as `<name>.crt` and `<name>.key` in the folder. */
export function makeAuthority(folder: string, name: string): Promise<Certificate> {
  return make(folder, name, curve);
}

/** One with a key of RSA, with which keys could be exchanged in TLS 1.2 as with no other. */
export function makeRsaAuthority(folder: string, name: string): Promise<Certificate> {
  return make(folder, name, ['-newkey', 'rsa:2048', '-nodes']);
}

/** `alternativeNames` as openssl writes them, such as `DNS:localhost` and `IP:127.0.0.1`. */
export function makeCertificate(
  folder: string,
  name: string,
  { authority, alternativeNames }: { authority: Certificate; alternativeNames: readonly string[] },
): Promise<Certificate> {
  return make(folder, name, [
    ...curve,
    ...['-CA', authority.certPath, '-CAkey', authority.keyPath],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', `subjectAltName=${alternativeNames.join(',')}`],
  ]);
}

async function make(folder: string, name: string, flags: readonly string[]): Promise<Certificate> {
  const certPath = join(folder, `${name}.crt`);
  const keyPath = join(folder, `${name}.key`);
  const files = ['-keyout', keyPath, '-out', certPath];
  await run('openssl', ['req', '-x509', '-days', '1', '-subj', `/CN=${name}`, ...files, ...flags]);
  const [cert, key] = await Promise.all([readFile(certPath, 'utf8'), readFile(keyPath, 'utf8')]);
  return { certPath, keyPath, cert, key, serial: new X509Certificate(cert).serialNumber };
}
