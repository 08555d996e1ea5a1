/**
 * With a key of RSA, TLS 1.2 could exchange keys in a way that lets everybody who gets hold of that key later read what was
 * recorded. No web.yml allows it.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type Server } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebConfig } from '../../src/web-config/index.ts';
import { makeRsaAuthority } from '../support/certificates.ts';
import { missingPackages } from '../support/requirements.ts';

let folder: string;
let server: Server | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'key-exchange-'));
});

afterEach(async () => {
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

async function shakeHands(tls: string, ciphers: string): Promise<string> {
  await makeRsaAuthority(folder, 'node');
  const path = join(folder, 'web.yml');
  await writeFile(path, `tls_server_config: {cert_file: node.crt, key_file: node.key${tls}}`);
  const { settings } = new WebConfig({ kind: 'file', path });
  server = createServer(settings.tls!.context).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => undefined);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2', ciphers });
  try {
    await once(socket, 'secureConnect');
    return socket.getCipher().name;
  } catch {
    return 'no handshake';
  } finally {
    socket.destroy();
  }
}

const missing = missingPackages(['openssl']);

describe.skipIf(missing.length > 0)(`TLS 1.2 with a key of RSA (needs ${missing.join(', ') || 'nothing more'})`, () => {
  it.each(['', ', cipher_suites: []', ', cipher_suites: [TLS_AES_128_GCM_SHA256]'])(
    'has no RSA key exchange%s',
    async (tls) => {
      expect(await shakeHands(tls, 'kRSA')).toBe('no handshake');
    },
  );

  it.each([
    ['', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['', 'ECDHE-RSA-CHACHA20-POLY1305'],
    [', cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ])('exchanges keys by ECDHE%s', async (tls, cipher) => {
    expect(await shakeHands(tls, cipher)).toBe(cipher);
  });
});
