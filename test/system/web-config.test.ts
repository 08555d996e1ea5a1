/**
 * Debian's Prometheus scrapes a real node over TLS, with a client's certificate and a password, by a web.yml as an
 * operator would write it; Debian's curl is refused without each of them.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, makeAuthority, makeCertificate } from '../support/certificates.ts';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
import { waitUntil } from '../support/processes.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { missingPackages } from '../support/requirements.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const missing = missingPackages(['curl', 'openssl', 'prometheus']);
const id = 'e'.repeat(64);
const password = 'correct horse: battery';

describe.skipIf(missing.length > 0)(
  `web.yml, Prometheus and curl (needs ${missing.join(', ') || 'nothing more'})`,
  () => {
    let folder: string;
    let authority: Certificate;
    let client: Certificate;
    let strange: Certificate;
    let node: LiveNode;
    let monitor: RunningProgram;
    let url: string;
    let prometheus: Prometheus;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'km-'));
      authority = await makeAuthority(folder, 'authority');
      const local = ['IP:127.0.0.1', 'DNS:node-1.example'];
      await makeCertificate(folder, 'monitor', { authority, alternativeNames: local });
      client = await makeCertificate(folder, 'prometheus', { authority, alternativeNames: ['DNS:prometheus.example'] });
      strange = await makeCertificate(folder, 'strange', {
        authority: await makeAuthority(folder, 'strange-authority'),
        alternativeNames: ['DNS:prometheus.example'],
      });
      await writeFile(join(folder, 'web.yml'), webYaml);
      node = await startLiveNode({ ids: [id] });
      monitor = runProgram('kata-monitor', [
        '--listen-address=127.0.0.1:0',
        `--sandboxes-root=${node.root}`,
        `--web.config.file=${folder}/web.yml`,
      ]);
      url = await monitor.waitForLine(pickUrl);
      await writeFile(join(folder, 'password'), password);
      prometheus = await startPrometheus(prometheusYaml());
    });

    afterAll(async () => {
      await prometheus?.stop();
      await monitor?.stop();
      await node?.stop();
      await rm(folder, { recursive: true });
    });

    const webYaml = `
tls_server_config:
  cert_file: monitor.crt
  key_file: monitor.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: authority.crt
  client_allowed_sans: [prometheus.example]
  min_version: TLS12
http_server_config:
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000
rate_limit:
  interval: 10ms
  burst: 100
basic_auth_users:
  prometheus: ${hashSync(password, 10)}
`;

    /** A job that has all it needs, and one for each thing that may be missing. */
    function prometheusYaml(): string {
      const certificate = `cert_file: ${client.certPath}, key_file: ${client.keyPath}`;
      const ca = `ca_file: ${authority.certPath}`;
      const user = `    basic_auth: { username: prometheus, password_file: ${folder}/password }\n`;
      const job = (name: string, tls: string, auth: string): string =>
        `  - job_name: ${name}\n    scheme: https\n    tls_config: { ${tls} }\n${auth}    static_configs: [{ targets: ['${new URL(url).host}'] }]\n`;
      return [
        'global: { scrape_interval: 3s, scrape_timeout: 3s }\nscrape_configs:\n',
        job('whole', `${ca}, ${certificate}`, user),
        job('without-password', `${ca}, ${certificate}`, ''),
        job('without-certificate', ca, user),
        job('strange-certificate', `${ca}, cert_file: ${strange.certPath}, key_file: ${strange.keyPath}`, user),
        job('without-authority', certificate, user),
      ].join('');
    }

    it('lets Prometheus scrape that has all of it, and none that lacks a part', async () => {
      await waitUntil(async () => (await prometheus.query('count_over_time(up[1m]) >= 3')).length === 5);
      // The first scrapes take long on a busy machine: a handshake, a password, and a sandbox that has not been scraped before.
      await waitUntil(async () => (await prometheus.query(`kata_sandbox_up{sandbox_id="${id}"} == 1`)).length === 1);
      const list = async () => {
        const targets = await prometheus.listTargets();
        return Object.fromEntries(targets.map(({ labels, health, lastError }) => [labels['job'], [health, lastError]]));
      };
      // Their last scrapes: one that takes too long on a busy machine has another error.
      await expect.poll(list).toEqual({
        whole: ['up', ''],
        'without-password': ['down', 'server returned HTTP status 401 Unauthorized'],
        'without-certificate': ['down', expect.any(String)],
        'strange-certificate': ['down', expect.any(String)],
        'without-authority': ['down', expect.stringContaining('certificate signed by unknown authority')],
      });
    });

    it('gives Prometheus the samples', async () => {
      const listUp = async () => {
        const sandboxUp = await prometheus.query(`kata_sandbox_up{sandbox_id="${id}"}`);
        return sandboxUp.map(({ metric, value }) => [metric['job'], value[1]]);
      };
      await expect.poll(listUp).toEqual([['whole', '1']]);
      await expect
        .poll(() => prometheus.listNames('{job="whole"}'))
        .toEqual(
          expect.arrayContaining([
            'kata_monitor_scrape_count',
            'kata_shim_fds',
            'kata_guest_load',
            'kata_agent_total_time',
          ]),
        );
      expect(await prometheus.listNames('{job="without-password",__name__=~"kata.*"}')).toEqual([]);
    });

    const withCa = () => ['--cacert', authority.certPath];
    const withCertificate = () => ['--cert', client.certPath, '--key', client.keyPath];
    const withPassword = (given = password) => ['--user', `prometheus:${given}`];

    it('gives curl a response that has all of it, in both versions of TLS', async () => {
      for (const version of [['--tlsv1.3'], ['--tls-max', '1.2']]) {
        const response = await curl(...version, ...withCa(), ...withCertificate(), ...withPassword(), `${url}/metrics`);
        expect(response).toMatchObject({ code: 0, status: 200 });
        expect(response.stdout).toContain(`kata_sandbox_up{sandbox_id="${id}"`);
      }
    });

    // curl(1): 22 is a response of 400 and above, 35 a handshake that failed, 52 and 56 a connection that was closed without
    // a response (TLS 1.3 tells a client only then that its certificate is refused), 60 a server that it does not trust.
    it.each([
      ['TLS', () => [...withPassword()], 'http', [52, 56]],
      ['trust in the server', () => [...withCertificate(), ...withPassword()], 'https', [60]],
      ["a client's certificate", () => [...withCa(), ...withPassword()], 'https', [35, 52, 56]],
      [
        'a certificate of its authority',
        () => [...withCa(), '--cert', strange.certPath, '--key', strange.keyPath, ...withPassword()],
        'https',
        [35, 52, 56],
      ],
      ['a password', () => [...withCa(), ...withCertificate()], 'https', [22]],
      ['the right password', () => [...withCa(), ...withCertificate(), ...withPassword('wrong')], 'https', [22]],
      ['a version of TLS from 1.2', () => [...withCa(), ...withCertificate(), '--tls-max', '1.1'], 'https', [35]],
    ])('refuses curl without %s', async (_what, flags, scheme, codes) => {
      const response = await curl('--fail', ...flags(), `${url.replace('https', scheme)}/metrics`);
      expect(codes).toContain(response.code);
      expect(response.stdout).not.toContain('kata_');
    });
  },
);

function curl(...args: string[]): Promise<{ code: number; status: number; stdout: string }> {
  return new Promise((resolve) => {
    const all = ['--silent', '--noproxy', '*', '--write-out', '%{stderr}%{http_code}', ...args];
    execFile('curl', all, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), status: Number(stderr), stdout }),
    );
  });
}
