/**
 * The program kata-monitor with --web.config.file: who gets a response, who does not, and what happens when the files
 * change under it.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { hashSync } from 'bcryptjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askTls, type TlsQuestion } from '../support/ask-tls.ts';
import { type Certificate, makeAuthority, makeCertificate } from '../support/certificates.ts';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { missingPackages } from '../support/requirements.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const missing = missingPackages(['openssl']);
const alice = `basic_auth_users: { alice: "${hashSync('wonderland', 4)}" }\n`;

describe.skipIf(missing.length > 0)(`kata-monitor with web.yml (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let certificates: string;
  let authority: Certificate;
  let otherAuthority: Certificate;
  let server: Certificate;
  let client: Certificate;
  let otherClient: Certificate;
  let folder: string;
  let shim: FakeShim;
  let programs: RunningProgram[];

  beforeAll(async () => {
    certificates = await mkdtemp(join(tmpdir(), 'km-certs-'));
    [authority, otherAuthority] = await Promise.all([
      makeAuthority(certificates, 'authority'),
      makeAuthority(certificates, 'other-authority'),
    ]);
    const local = ['IP:127.0.0.1', 'DNS:localhost'];
    server = await makeCertificate(certificates, 'server', { authority, alternativeNames: local });
    client = await makeCertificate(certificates, 'client', {
      authority,
      alternativeNames: ['DNS:prometheus.example', 'URI:spiffe://example/prometheus'],
    });
    otherClient = await makeCertificate(certificates, 'other-client', {
      authority: otherAuthority,
      alternativeNames: ['DNS:prometheus.example'],
    });
  });

  afterAll(() => rm(certificates, { recursive: true }));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'km-'));
    await mkdir(join(folder, 'sbs', 'one'), { recursive: true });
    shim = await startFakeShim(join(folder, 'sbs', 'one', 'shim-monitor.sock'), answerWithLength('kata_shim_fds 7\n'));
    programs = [];
  });

  afterEach(async () => {
    await Promise.all(programs.map((program) => program.stop()));
    await shim.close();
    await rm(folder, { recursive: true });
  });

  const tlsYaml = (more = ''): string =>
    `tls_server_config:\n  cert_file: ${server.certPath}\n  key_file: ${server.keyPath}\n${more}`;
  const clientYaml = (type: string, more = ''): string =>
    tlsYaml(`  client_auth_type: ${type}\n  client_ca_file: ${authority.certPath}\n${more}`);

  /** Replaces web.yml as configuration management does: in one step. */
  async function writeConfig(yaml: string): Promise<void> {
    await writeFile(join(folder, 'web.yml.new'), yaml);
    await rename(join(folder, 'web.yml.new'), join(folder, 'web.yml'));
  }

  function run(...args: string[]): RunningProgram {
    const program = runProgram('kata-monitor', [
      '--listen-address=127.0.0.1:0',
      `--sandboxes-root=${folder}/sbs`,
      `--web.config.file=${folder}/web.yml`,
      ...args,
    ]);
    programs.push(program);
    return program;
  }

  async function start(yaml: string, ...args: string[]): Promise<{ url: string; program: RunningProgram }> {
    await writeConfig(yaml);
    const program = run(...args);
    return { url: await program.waitForLine(pickUrl), program };
  }

  const ask = (url: string, question: Omit<TlsQuestion, 'ca'> = {}) => askTls(url, { ca: authority.cert, ...question });

  /** Status of the response, or that there was none. */
  const statusOf = (url: string, question: Omit<TlsQuestion, 'ca'> = {}): Promise<number | 'no response'> =>
    ask(url, question).then(
      ({ status }) => status,
      () => 'no response' as const,
    );

  describe('TLS', () => {
    it('is all that is spoken, in the versions that the file has', async () => {
      const { url } = await start(tlsYaml('  min_version: TLS13\n'));
      expect(url).toMatch(/^https:/);
      expect(await ask(`${url}/sandboxes`)).toMatchObject({ status: 200, serial: server.serial });
      await expect(ask(url, { tls: { maxVersion: 'TLSv1.2' } })).rejects.toThrow('alert protocol version');
      await expect(fetch(url.replace('https', 'http'))).rejects.toThrow('fetch failed');
      expect(await statusOf(url)).toBe(200);
    });

    it('has the new certificate at the next handshake, and leaves connections alone', async () => {
      const { url, program } = await start(tlsYaml());
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const first = await ask(url, { agent });
      const next = await makeCertificate(folder, 'next', { authority, alternativeNames: ['IP:127.0.0.1'] });
      await writeConfig(`tls_server_config: { cert_file: next.crt, key_file: next.key }`);
      expect((await ask(url)).serial).toBe(next.serial);
      const third = await ask(url, { agent });
      expect(third).toMatchObject({ status: 200, localPort: first.localPort, serial: server.serial });
      agent.destroy();
      const { stderr } = await program.stop();
      expect(stderr.match(/Reloaded --web.config.file/g)).toHaveLength(1);
    });

    it('is served with two files and no web.yml, as newer Go monitors do, and requires no password', async () => {
      const args = ['--listen-address=127.0.0.1:0', `--sandboxes-root=${folder}/sbs`];
      const files = [`--tls-cert-file=${server.certPath}`, `--tls-key-file=${server.keyPath}`];
      const program = runProgram('kata-monitor', [...args, ...files]);
      programs.push(program);
      const url = await program.waitForLine(pickUrl);
      expect(url).toMatch(/^https:/);
      expect(await statusOf(url)).toBe(200);
    });

    it('reads it again on SIGHUP, and goes on', async () => {
      const { url, program } = await start(tlsYaml() + alice);
      program.child.kill('SIGHUP');
      await program.waitForLine((line) => line.includes('Reloaded --web.config.file') || undefined);
      await writeConfig('rate: 1');
      program.child.kill('SIGHUP');
      await program.waitForLine((line) => line.includes('Cannot reload --web.config.file, keeping') || undefined);
      expect(await statusOf(url, { auth: 'alice:wonderland' })).toBe(200);
      expect((await program.stop()).code).toBe(0);
    });

    it('follows certificates that are replaced in their files', async () => {
      await Promise.all(['cert', 'key'].map((kind) => writeFile(join(folder, kind), server[kind as 'cert' | 'key'])));
      const { url, program } = await start('tls_server_config: { cert_file: cert, key_file: key }');
      expect((await ask(url)).serial).toBe(server.serial);
      const next = await makeCertificate(folder, 'next', { authority, alternativeNames: ['IP:127.0.0.1'] });
      await writeFile(join(folder, 'cert'), next.cert);
      expect((await ask(url)).serial).toBe(server.serial);
      expect((await ask(url)).serial).toBe(server.serial);
      await writeFile(join(folder, 'key'), next.key);
      expect((await ask(url)).serial).toBe(next.serial);
      const { stderr } = await program.stop();
      expect(stderr.match(/"level":"?(?:error|50)"?.*Certificate and key cannot be used/g)).toHaveLength(1);
    });

    it('keeps its settings when the file goes bad, and says so once', async () => {
      const { url, program } = await start(tlsYaml() + alice);
      const asAlice = { auth: 'alice:wonderland' };
      for (const yaml of ['tls_server: {}\n', '', 'tls_server_config: { cert_file: none, key_file: none }']) {
        await writeConfig(yaml);
        expect([await statusOf(url), await statusOf(url, asAlice), await statusOf(url, asAlice)]).toEqual([
          401, 200, 200,
        ]);
      }
      await writeConfig(tlsYaml());
      expect(await statusOf(url)).toBe(401);
      const { stderr } = await program.stop();
      const faults = [
        ...stderr.matchAll(/"msg":"Cannot reload --web\.config\.file, keeping the previous settings: ([^"\\]*)/g),
      ];
      expect(faults.map(([, reason]) => reason)).toEqual([
        'Key ',
        'TLS and client_auth_type cannot be switched without a restart',
        'File ',
        'Key ',
      ]);
      expect(stderr).toContain('Key \\"tls_server\\" is not a known key');
      expect(stderr).toContain('Key \\"basic_auth_users\\" cannot be removed without a restart');
    });
  });

  describe('client_auth_type', () => {
    it.each([
      ['RequestClientCert', 200, 200, 200],
      ['RequireAnyClientCert', 403, 200, 200],
      ['RequireClientCert', 403, 200, 200],
      ['VerifyClientCertIfGiven', 200, 200, 403],
      ['RequireAndVerifyClientCert', 'no response', 200, 'no response'],
    ])('%s: none %s, a good one %s, one of another authority %s', async (type, none, good, other) => {
      const { url } = await start(clientYaml(type));
      const statuses = [{}, { client }, { client: otherClient }].map((question) =>
        statusOf(`${url}/sandboxes`, question),
      );
      expect(await Promise.all(statuses)).toEqual([none, good, other]);
    });

    it.each([
      ['prometheus.example', 200],
      ['spiffe://example/prometheus', 200],
      ['example', 403],
    ])('client_allowed_sans: [%s] gives %s', async (name, expected) => {
      const { url } = await start(clientYaml('RequireAndVerifyClientCert', `  client_allowed_sans: ["${name}"]\n`));
      expect(await statusOf(url, { client })).toBe(expected);
    });

    it('requires a certificate again on open connections when the authority changes', async () => {
      const { url } = await start(clientYaml('RequireAndVerifyClientCert'));
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      expect(await statusOf(url, { client, agent })).toBe(200);
      await writeConfig(clientYaml('RequireAndVerifyClientCert').replace(authority.certPath, otherAuthority.certPath));
      expect(await statusOf(url, { client, agent })).toBe('no response');
      expect(await statusOf(url, { client, agent })).toBe('no response');
      expect(await statusOf(url, { client: otherClient })).toBe(200);
      agent.destroy();
    });
  });

  describe('basic_auth_users', () => {
    it('serves a client with the right password, and no other client', async () => {
      const { url } = await start(tlsYaml() + alice);
      const cases = [
        ['alice:wonderland', 200],
        ['alice:wonder', 401],
        ['alice:', 401],
        ['bob:wonderland', 401],
        ['Alice:wonderland', 401],
        [undefined, 401],
      ] as const;
      const statuses = [];
      for (const [auth] of cases) {
        statuses.push([auth, await statusOf(url, auth === undefined ? {} : { auth })]);
      }
      expect(statuses).toEqual(cases);
    });

    it('are required on every path, on both addresses, before any shim is queried', async () => {
      const { url, program } = await start(tlsYaml() + alice, '--web.admin-address=127.0.0.1:0');
      const adminUrl = await program.waitForLine((line) => /"adminUrl":"(https[^"]+)"/.exec(line)?.[1]);
      const paths = [
        '/',
        '/metrics',
        '/metrics?sandbox=one',
        '/sandboxes',
        '/healthz/',
        '//readyz',
        '/nothing',
        '/%zz',
      ];
      const urls = [...paths.map((path) => url + path), `${adminUrl}/agent-url?sandbox=one`, `${adminUrl}/debug/vars`];
      expect(await Promise.all(urls.map((each) => statusOf(each)))).toEqual(urls.map(() => 401));
      expect(await statusOf(`${url}/metrics`, { method: 'POST' })).toBe(401);
      expect(shim.connectionCount).toBe(0);
      expect(await statusOf(`${adminUrl}/agent-url?sandbox=one`, { auth: 'alice:wonderland' })).toBe(200);
    });

    it('are not required on /healthz and /readyz, which the kubelet reads without one', async () => {
      const { url } = await start(`rate_limit: { interval: 1h, burst: 1 }\n${tlsYaml()}${alice}`);
      for (const path of ['/healthz', '/readyz', '/healthz?x=1']) {
        expect([path, await statusOf(url + path)]).toEqual([path, 200]);
        expect([path, await statusOf(url + path, { auth: 'alice:wrong' })]).toEqual([path, 200]);
      }
      expect(await statusOf(`${url}/sandboxes`, { auth: 'alice:wonderland' })).toBe(200);
      expect(await statusOf(`${url}/sandboxes`, { auth: 'alice:wonderland' })).toBe(429);
      expect(await statusOf(`${url}/healthz`)).toBe(200);
      expect(await statusOf(`${url}/healthz`, { method: 'POST' })).toBe(429);
    });

    it('gives a refused client what it needs to know, and no connection', async () => {
      const { url } = await start(tlsYaml() + alice);
      const { headers, body } = await ask(url);
      expect(headers).toMatchObject({
        'www-authenticate': 'Basic realm="kata-monitor", charset="UTF-8"',
        connection: 'close',
        'x-content-type-options': 'nosniff',
      });
      expect(body).toBe('User name and password required\n');
    });

    it('may be given over plain HTTP too', async () => {
      const { url } = await start(alice);
      const authorization = `Basic ${Buffer.from('alice:wonderland').toString('base64')}`;
      expect((await fetch(url)).status).toBe(401);
      expect((await fetch(url, { headers: { authorization } })).status).toBe(200);
    });

    it('a crowd that tries passwords gets 429, and who is known gets a response', async () => {
      const { url } = await start(alice.replace(/"[^"]+"/, `"${hashSync('wonderland', 10)}"`));
      const as = (credentials: string) =>
        fetch(`${url}/sandboxes`, {
          headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
        }).then(({ status }) => status);
      expect(await as('alice:wonderland')).toBe(200);
      const crowd = Array.from({ length: 60 }, (_, i) => as(`alice:${i}`));
      expect(await as('alice:wonderland')).toBe(200);
      const statuses = await Promise.all(crowd);
      expect(new Set(statuses)).toEqual(new Set([401, 429]));
      expect(await as('alice:wonderland')).toBe(200);
    });
  });

  describe('headers and rate_limit', () => {
    it('are in every response', async () => {
      const { url } = await start(
        `rate_limit: { interval: 1h, burst: 3 }\nhttp_server_config: { headers: { X-Frame-Options: deny, Strict-Transport-Security: max-age=60, Content-Security-Policy: default-src 'self' } }\n`,
      );
      const replies = [];
      for (const path of ['/sandboxes', '/%zz', '/', '/sandboxes']) {
        replies.push(await fetch(url + path));
      }
      expect(replies.map(({ status }) => status)).toEqual([200, 400, 200, 429]);
      for (const { headers } of replies) {
        expect(Object.fromEntries(headers)).toMatchObject({
          'content-security-policy': "default-src 'self'",
          'strict-transport-security': 'max-age=60',
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'deny',
        });
      }
    });

    it('are the safe ones without a word in the file', async () => {
      const { url } = await start('');
      for (const path of ['/', '/metrics', '/sandboxes', '/nothing', '/agent-url?sandbox=one']) {
        const { headers } = await fetch(url + path, { headers: { accept: 'text/html' } });
        // At /, a browser gets the page that shows the sandboxes, if it is built: its script and styles are files.
        const policy = path === '/' ? /^default-src '(?:none|self)';/ : /^default-src 'none';/;
        expect(headers.get('content-security-policy')).toMatch(policy);
        expect(headers.get('x-content-type-options')).toBe('nosniff');
      }
    });
  });

  describe('a file that cannot be used', () => {
    it.each([
      ['basic_auth: {}', 'Key \\"basic_auth\\" is not a known key'],
      ['basic_auth_users: { alice: secret-word }', 'Key \\"basic_auth_users.alice\\" must be a bcrypt hash'],
      [
        'tls_server_config: { cert_file: none.crt, key_file: none.key }',
        'none.crt\\" of key \\"tls_server_config.cert',
      ],
      ['rate_limit: { interval: 1s, burst: many }', 'Key \\"rate_limit.burst\\" must be an integer, got \\"many\\"'],
      ['a: [', 'YAML cannot be read: '],
    ])('%s ends the program with 2', async (yaml, message) => {
      await writeConfig(yaml);
      const { code, stderr } = await run().ended;
      expect(code).toBe(2);
      expect(stderr).toContain(`Cannot use --web.config.file \\"${folder}/web.yml\\": `);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain('secret-word');
    });

    it('a missing one too', async () => {
      const { code, stderr } = await run().ended;
      expect(code).toBe(2);
      expect(stderr).toContain(`File \\"${folder}/web.yml\\" does not exist`);
    });
  });

  describe('clients that misbehave', () => {
    const head = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n';

    async function openTls(url: string): Promise<TLSSocket> {
      const { port } = new URL(url);
      const socket = connectTls({ port: Number(port), host: '127.0.0.1', ca: authority.cert, servername: 'localhost' });
      await once(socket, 'secureConnect');
      return socket;
    }

    const openPlain = (url: string): Socket => connect(Number(new URL(url).port), '127.0.0.1');

    const bad = `Host: localhost\r\nConnection: close\r\n`;
    const cases = [
      ['a head of 17,000 bytes', `${head}X: ${'a'.repeat(17_000)}\r\n\r\n`, 431],
      ['a path of 17,000 bytes', `GET /${'a'.repeat(17_000)} HTTP/1.1\r\n\r\n`, 431],
      ['POST', `POST /metrics HTTP/1.1\r\n${bad}Content-Length: 5\r\n\r\nhello`, 405],
      ['POST whose body never comes', `POST /metrics HTTP/1.1\r\n${bad}Content-Length: 5\r\n\r\n`, 405],
      ['DELETE', `DELETE /sandboxes HTTP/1.1\r\n${bad}\r\n`, 405],
      ['TRACE', `TRACE /metrics HTTP/1.1\r\n${bad}\r\n`, 405],
      ['no Host', 'GET /metrics HTTP/1.1\r\n\r\n', 400],
      ['two Hosts', `GET /metrics HTTP/1.1\r\nHost: localhost\r\n${bad}\r\n`, 400],
      ['two lengths', `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
      ['length and chunks', `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
      ['no HTTP', 'nonsense\r\n\r\n', 400],
      ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ] as const;

    it('get a response that says so, and query no shim', async () => {
      const { url } = await start(tlsYaml());
      const statuses = cases.map(async ([what, bytes]) => {
        const socket = await openTls(url);
        socket.write(bytes);
        return [what, Number(/^HTTP\/1\.1 (\d+) /.exec(await text(socket))?.[1])];
      });
      expect(await Promise.all(statuses)).toEqual(cases.map(([what, _bytes, status]) => [what, status]));
      expect(await statusOf(`${url}/healthz`)).toBe(200);
      expect(shim.connectionCount).toBe(0);
    });

    it('are cut off when a handshake or a head does not come', { timeout: 90_000 }, async () => {
      const { url } = await start(tlsYaml());
      const silent = openPlain(url);
      const mute = await openTls(url);
      const slow = await openTls(url);
      slow.write(head);
      const sockets = [silent, mute, slow];
      const ends = sockets.map(async (socket) => {
        socket.resume().on('error', () => undefined); // a reset is as good as an end
        await once(socket, 'close');
      });
      await Promise.all(ends);
      expect(await statusOf(`${url}/healthz`)).toBe(200);
    });

    it('do not keep the monitor from ending in the middle of a handshake', async () => {
      const { url, program } = await start(tlsYaml());
      const silent = openPlain(url).on('error', () => undefined);
      await once(silent, 'connect');
      expect(await statusOf(`${url}/healthz`)).toBe(200);
      const startMs = performance.now();
      expect((await program.stop()).code).toBe(0);
      // 3 s for requests under way, where a handshake has 10 s.
      expect(performance.now() - startMs).toBeLessThan(8000);
      silent.destroy();
    });

    it('see no name of a directory that is no id', async () => {
      await mkdir(join(folder, 'sbs', '<img src=x onerror=alert(1)>'));
      await mkdir(join(folder, 'sbs', '"><script>'));
      const { url } = await start('');
      const html = await (await fetch(`${url}/sandboxes`, { headers: { accept: 'text/html' } })).text();
      expect(html).toContain('/metrics?sandbox=one');
      expect(html).not.toMatch(/<img|<script/);
      const refused = await fetch(`${url}/metrics?sandbox=%3Cscript%3E`, { headers: { accept: 'text/html' } });
      expect(Object.fromEntries(refused.headers)).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
      });
    });
  });
});
