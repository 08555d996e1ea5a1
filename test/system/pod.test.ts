/**
 * The pod of the chart, run by runc within its limits over 50 sandboxes, with TLS and a password from Secrets: probed as the
 * kubelet does it, scraped by a real Prometheus.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { askTls } from '../support/ask-tls.ts';
import { type Certificate, makeAuthority, makeCertificate } from '../support/certificates.ts';
import { answerInChunks, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { findFreePort } from '../support/free-port.ts';
import { helmTimeoutMs, missingForHelm, provideHelm, renderChart } from '../support/helm.ts';
import { type PodContainer, type PodVolume, type RunningPod, runPodContainer } from '../support/pod-bundle.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { missingPackages } from '../support/requirements.ts';

const missing = [
  ...missingPackages(['openssl', 'prometheus', 'runc']),
  ...(missingForHelm === undefined ? [] : [missingForHelm]),
];
const isRoot = process.getuid?.() === 0;
const SANDBOX_COUNT = 50;

describe.skipIf(missing.length > 0 || !isRoot)(`the pod (needs root, ${missing.join(', ') || 'nothing more'})`, () => {
  let folder = '';
  let authority: Certificate;
  let pod: RunningPod;
  let prometheus: Prometheus;
  let port = 0;
  let container: PodContainer &
    Record<'livenessProbe' | 'readinessProbe', { httpGet: { path: string; scheme: string } }>;
  const shims: FakeShim[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kp-'));
    authority = await makeAuthority(folder, 'authority');
    const server = await makeCertificate(folder, 'server', { authority, alternativeNames: ['IP:127.0.0.1'] });
    const body = await readFile(join(import.meta.dirname, '../fixtures/bodies/go-shim.metrics.txt'), 'utf8');
    for (let i = 0; i < SANDBOX_COUNT; i++) {
      await mkdir(join(folder, 'sbs', `sandbox-${i}`), { recursive: true });
      shims.push(await startFakeShim(join(folder, 'sbs', `sandbox-${i}`, 'shim-monitor.sock'), answerInChunks(body)));
    }
    const directories = ['kata', 'containerd', 'machines', 'state', 'sbs/.last-words', 'kata/.last-words'];
    await Promise.all(directories.map((name) => mkdir(join(folder, name), { recursive: true })));
    await mkdir(join(folder, 'bundle'));
    port = await findFreePort();
    const manifests = await renderChart(await provideHelm(), {
      monitor: { port },
      web: { tlsSecretName: 'tls', users: { prometheus: hashSync('secret', 4) } },
    });
    const find = (kind: string) => manifests.find((manifest) => manifest.kind === kind) as unknown;
    const { stringData, metadata } = find('Secret') as {
      stringData: Record<string, string>;
      metadata: { name: string };
    };
    const { spec } = (
      find('DaemonSet') as { spec: { template: { spec: { containers: (typeof container)[]; volumes: PodVolume[] } } } }
    ).spec.template;
    container = spec.containers[0]!;
    pod = await runPodContainer({
      container,
      volumes: spec.volumes,
      folder: join(folder, 'bundle'),
      hostPaths: {
        '/run/vc/sbs': join(folder, 'sbs'),
        '/run/kata': join(folder, 'kata'),
        '/run/containerd': join(folder, 'containerd'),
        '/run/vc/vm': join(folder, 'machines'),
        '/run/vc/sbs/.last-words': join(folder, 'sbs/.last-words'),
        '/run/kata/.last-words': join(folder, 'kata/.last-words'),
        '/var/lib/kata-monitor': join(folder, 'state'),
      },
      writablePaths: ['/run/vc/sbs/.last-words', '/run/kata/.last-words', '/var/lib/kata-monitor'],
      secrets: {
        [metadata.name]: stringData,
        tls: { 'tls.crt': await readFile(server.certPath, 'utf8'), 'tls.key': await readFile(server.keyPath, 'utf8') },
      },
    });
    prometheus = await startPrometheus(
      stringify({
        global: { scrape_interval: '2s', scrape_timeout: '2s' },
        scrape_configs: [
          {
            job_name: 'kata',
            scheme: 'https',
            tls_config: { ca_file: authority.certPath },
            basic_auth: { username: 'prometheus', password: 'secret' },
            static_configs: [{ targets: [`127.0.0.1:${port}`] }],
          },
        ],
      }),
    );
  }, helmTimeoutMs);

  afterAll(async () => {
    await prometheus?.stop();
    await pod?.stop();
    await Promise.all(shims.map((shim) => shim.close()));
    await rm(folder, { recursive: true, force: true });
  });

  it('passes its probes without a password, and serves metrics to no client without one', async () => {
    const statusOf = async (path: string): Promise<number | undefined> =>
      (await askTls(`https://127.0.0.1:${port}${path}`, { ca: await readFile(authority.certPath, 'utf8') })).status;
    for (const { httpGet } of [container.livenessProbe, container.readinessProbe]) {
      expect(httpGet.scheme).toBe('HTTPS');
      await vi.waitFor(async () => expect(await statusOf(httpGet.path)).toBe(200), { timeout: 120_000, interval: 500 });
    }
    expect(await statusOf('/metrics')).toBe(401);
  });

  it('runs as root without a capability and without a way to get one', async () => {
    const status = await pod.readStatus();
    expect(status).toMatch(/^Uid:\t0\t/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  });

  it('is scraped with every sandbox, and stays within its memory', async () => {
    await vi.waitFor(
      async () => {
        const [up] = await prometheus.query('sum(kata_sandbox_up)');
        expect(up?.value[1], pod.log()).toBe(`${SANDBOX_COUNT}`);
        expect(await prometheus.query('count_over_time(up{job="kata"}[1m]) >= 5')).toHaveLength(1);
      },
      { timeout: 120_000, interval: 500 },
    );
    const limitMiB = Number.parseInt(container.resources.limits.memory, 10);
    const { peak, limit } = await pod.readMemory();
    expect(limit).toBe(limitMiB * 1024 ** 2);
    const peakMiB = peak / 1024 ** 2;
    const [resident] = await prometheus.query('kata_monitor_process_resident_memory_bytes');
    process.stdout.write(
      `The pod with ${SANDBOX_COUNT} sandboxes: ${peakMiB.toFixed(0)} MiB of ${limitMiB} MiB, resident ${(Number(resident?.value[1]) / 1024 ** 2).toFixed(0)} MiB\n`,
    );
    expect(peakMiB).toBeLessThan(limitMiB);
    expect(pod.child.exitCode).toBeNull();
  });
});
