/**
 * `kata-metrics top` and `page` with `--prometheus`: the sandboxes of three nodes, each in a separate network, from a
 * real Prometheus that scrapes their monitors, and from VictoriaMetrics. The page is served on a socket in the file system.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Problem, SandboxDetail, SandboxStatus, Snapshot } from '../../src/api/index.ts';
import { findSchemaFaults } from '../support/api-schema.ts';
import { findBuilt } from '../support/go-program.ts';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
import { OPTIONAL } from '../support/newer-prometheus.ts';
import { type NodeNetworks, startNodeNetworks } from '../support/node-networks.ts';
import { waitUntil } from '../support/processes.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { missingPackages } from '../support/requirements.ts';
import { type RunningPage, runPage } from '../support/run-page.ts';
import { programCommand, type RunningProgram, runCommand } from '../support/run-program.ts';

const names = ['alpha', 'beta', 'gamma'] as const;
const PROMETHEUS_URL = 'http://127.0.0.1:9090';
const VICTORIA_URL = 'http://127.0.0.1:8428';
/** Of programs that start, or of a case, on a machine with other work. */
const TIMEOUT_MS = 300_000;
/** A monitor, a shim or an agent on a busy machine may miss a scrape: then the next ones count. */
const SCRAPES = { timeout: 90_000, interval: 250 } as const;
const isMissing = missingPackages(['iproute2', 'prometheus']).length > 0 || process.getuid?.() !== 0;

describe.skipIf(isMissing)(
  'the sandboxes of three nodes (needs root, iproute2 and prometheus)',
  { timeout: TIMEOUT_MS },
  () => {
    let folder: string;
    let networks: NodeNetworks;
    let nodes: LiveNode[];
    let config: string;
    let prometheus: Prometheus;
    let page: RunningPage;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kf-'));
      networks = await startNodeNetworks(names);
      nodes = await Promise.all(
        names.map((name) => {
          const { address, inside } = networks.nodes.get(name)!;
          return startLiveNode({ ids: [`box-${name}`], monitor: { inside, listenAddress: `${address}:8090` } });
        }),
      );
      // The last one has no label node: its address names it.
      const targets = names.map((name) => {
        const label = name === 'gamma' ? '' : `, labels: { node: ${name} }`;
        return `{ targets: ['${networks.nodes.get(name)!.address}:8090']${label} }`;
      });
      config = `global: { scrape_interval: 2s }\nscrape_configs:\n  - job_name: kata\n    static_configs: [${targets.join(', ')}]\n`;
      prometheus = await startPrometheus(config, { inside: networks.middle, listenAddress: '127.0.0.1:9090' });
      page = await openPage('page.sock', PROMETHEUS_URL);
      await waitUntil(() => hasRates(page));
    }, TIMEOUT_MS);

    afterAll(async () => {
      await page?.stop();
      await prometheus?.stop();
      await Promise.all(nodes?.map((node) => node.stop()) ?? []);
      await networks?.stop();
      await rm(folder, { recursive: true });
    }, TIMEOUT_MS);

    const openPage = (name: string, prometheusUrl: string): Promise<RunningPage> =>
      runPage({ socketPath: join(folder, name), prometheusUrl, inside: networks.middle, args: ['--interval=1s'] });

    const readSnapshot = async (from: RunningPage): Promise<Snapshot> =>
      JSON.parse((await from.get('/api/v1/sandboxes')).body) as Snapshot;

    const hasRates = async (from: RunningPage): Promise<boolean> => {
      const { sandboxes = [] } = await readSnapshot(from);
      return sandboxes.length === 3 && sandboxes.every(({ rates }) => (rates?.cpuCores ?? 0) > 0);
    };

    const top = async (...args: string[]): Promise<string> => {
      const command = [...networks.middle, ...programCommand('kata-metrics'), 'top', `--prometheus=${PROMETHEUS_URL}`];
      const end = await runCommand([...command, ...args] as [string, ...string[]]).ended;
      expect(end).toMatchObject({ code: 0 });
      return end.stdout;
    };

    const nodeOf = (name: string): string => (name === 'gamma' ? `${networks.nodes.get('gamma')!.address}:8090` : name);

    const expectSandboxes = (snapshot: Snapshot): void => {
      expect(findSchemaFaults('Snapshot', snapshot)).toEqual([]);
      expect(snapshot.node).toMatchObject({ nodes: 3, unreachableNodes: [], sandboxes: 3 });
      expect(snapshot.sandboxes.map(({ id, node, state, isHealthy }) => [id, node, state, isHealthy])).toEqual(
        names.map((name) => [`box-${name}`, nodeOf(name), 'running', true]),
      );
      for (const { memory, rates } of snapshot.sandboxes) {
        expect(memory.totalBytes).toBe(totalmem());
        expect(rates?.cpuCores).toBeGreaterThan(0);
        expect(rates?.agentMilliseconds).toBeGreaterThan(0);
      }
    };

    it('are in the API of the page, with nodes and rates, and no value that is not known', async () => {
      await vi.waitFor(async () => expectSandboxes(await readSnapshot(page)), SCRAPES);
      const detail = JSON.parse((await page.get('/api/v1/sandboxes/box-beta')).body) as SandboxDetail;
      expect(findSchemaFaults('SandboxDetail', detail)).toEqual([]);
      const load = detail.families.find(({ name }) => name === 'kata_guest_load')!;
      expect(load.help).toMatch(/load/i);
      expect(load.samples.map(({ labels }) => labels)).toContainEqual({ item: 'load1' });
      const events = await page.readEvents('?sandbox=box-beta', 4);
      expect(events.map(([name]) => name)).toEqual(['snapshot', 'sandbox', 'snapshot', 'sandbox']);
      const missing = await page.get('/api/v1/sandboxes/box-delta');
      expect([missing.status, (JSON.parse(missing.body) as Problem).detail]).toEqual([
        404,
        'No sandbox "box-delta" in this Prometheus',
      ]);
    });

    it('are on the page that the monitor serves too, without its metrics', async () => {
      const { status, headers, body } = await page.get('/', { accept: 'text/html' });
      expect([status, headers['content-security-policy']]).toEqual([
        200,
        expect.stringMatching(/^default-src 'self';/),
      ]);
      expect(body).toContain('page/app.js');
      expect((await page.get('/page/app.js')).status).toBe(200);
      expect((await page.get('/metrics')).status).toBe(404);
    });

    it('are in top, with nodes and rates', async () => {
      await vi.waitFor(async () => {
        const lines = (await top('-o', 'csv', '--sort=pod')).trim().split('\n');
        const columns = lines[0]!.split(',');
        const rows = lines
          .slice(1)
          .map((line) => Object.fromEntries(line.split(',').map((cell, i) => [columns[i], cell])));
        expect(rows.map((row) => [row['id'], row['node'], row['state']])).toEqual(
          names.map((name) => [`box-${name}`, nodeOf(name), 'running']),
        );
        expect(rows.map((row) => Number(row['cpuCoresUsed']) > 0)).toEqual([true, true, true]);
      }, SCRAPES);
      await vi.waitFor(
        async () => expectSandboxes(JSON.parse(await top('-o', 'json', '--sort=pod')) as Snapshot),
        SCRAPES,
      );
      expect((await top()).split('\n')[0]).toMatch(/^POD +NODE +STATE/);
    });

    it('are in VictoriaMetrics as well', async ({ skip }) => {
      const program = findBuilt('victoria-metrics');
      skip(
        program === undefined,
        `${OPTIONAL}no VictoriaMetrics; node scripts/build-test-program.ts victoria-metrics builds it with Go`,
      );
      const configPath = join(folder, 'victoria.yml');
      await writeFile(configPath, config);
      const flags = [`-storageDataPath=${join(folder, 'victoria')}`, `-promscrape.config=${configPath}`];
      // By default, it shows samples after 30 s only.
      const more = ['-httpListenAddr=127.0.0.1:8428', '-search.latencyOffset=1s'];
      const victoria = runCommand([...networks.middle, program!, ...flags, ...more]);
      let victoriaPage: RunningPage | undefined;
      try {
        const opened = await openPage('victoria.sock', VICTORIA_URL);
        victoriaPage = opened;
        await waitUntil(async () => (await opened.get('/api/v1/node')).status === 200 && hasRates(opened));
        await vi.waitFor(async () => expectSandboxes(await readSnapshot(opened)), SCRAPES);
        const detail = JSON.parse((await opened.get('/api/v1/sandboxes/box-alpha')).body) as SandboxDetail;
        expect(findSchemaFaults('SandboxDetail', detail)).toEqual([]);
        expect(detail.families.length).toBeGreaterThan(20);
      } finally {
        await victoriaPage?.stop();
        await victoria.stop();
      }
    });

    it('show a shim that does not respond, a monitor that cannot be scraped, and a Prometheus that has ended', async () => {
      const find = async (id: string): Promise<SandboxStatus | undefined> =>
        (await readSnapshot(page)).sandboxes.find((sandbox) => sandbox.id === id);
      const shim: RunningProgram = nodes[0]!.shims.get('box-alpha')!;
      shim.child.kill('SIGSTOP');
      try {
        await vi.waitFor(async () => {
          const alpha = await find('box-alpha');
          expect(alpha).toMatchObject({ state: 'unresponsive', isHealthy: false, reasons: ['timeout'] });
          expect(alpha!.stateSinceSeconds).toBeGreaterThan(0);
        }, SCRAPES);
        await vi.waitFor(
          async () => expect(await top('--unhealthy')).toMatch(/\nbox-alpha +alpha +unresponsive \(timeout\) /),
          SCRAPES,
        );
      } finally {
        shim.child.kill('SIGCONT');
      }
      await nodes[1]!.monitor.stop();
      await vi.waitFor(async () => {
        const { node, sandboxes } = await readSnapshot(page);
        expect(node).toMatchObject({ nodes: 3, unreachableNodes: ['beta'] });
        expect(sandboxes.map(({ id }) => id)).toEqual(['box-alpha', 'box-gamma']);
      }, SCRAPES);
      await prometheus.stop();
      const refused = `Cannot read the sandboxes from "${PROMETHEUS_URL}": connect ECONNREFUSED 127.0.0.1:9090`;
      // A request over a connection that has just ended gets another message.
      await vi.waitFor(async () => {
        const { status, body } = await page.get('/api/v1/sandboxes');
        expect([status, JSON.parse(body)]).toEqual([502, { title: 'Bad Gateway', status: 502, detail: refused }]);
      }, SCRAPES);
      await vi.waitFor(
        async () =>
          expect((await page.readEvents('', 1))[0]).toEqual(['problem', expect.objectContaining({ detail: refused })]),
        SCRAPES,
      );
    });
  },
);
