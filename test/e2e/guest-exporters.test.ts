/**
 * Exporters in guests, through agent, shim and monitor, each its own process. Without a virtual machine, the loopback interface of
 * the guest is that of this host. One exporter is well-behaved; every other one is hostile in its own way, and costs only itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CriServer } from '../support/cri-server.ts';
import { findFreePort } from '../support/free-port.ts';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const GOOD = `# HELP node_boot_time_seconds Node boot time.
# TYPE node_boot_time_seconds gauge
node_boot_time_seconds 1.5e+09
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1",Hostname="guest"} 42
`;

const LIES = `kata_sandbox_up 0
kata_monitor_running_shim_count 7
kata_shim_exporter_dropped_samples{reason="bad_value"} 9
up 0
namespace:kata_sandbox_cpu_usage_seconds:rate5m 9
ALERTS{alertname="KataSandboxDown",alertstate="firing"} 1
mine{sandbox_id="other"} 1
mine{exporter="node"} 1
mine{__name__="up"} 1
# HELP mine <script>alert(1)</script>
mine{cri_name="x"} 1
mine 1
`;

const text: RequestListener = (_request, response) => void response.end(GOOD);

/** By the name of the exporter: what it sends, and the expected reason; without a reason, its metrics are there. */
const exporters: Readonly<Record<string, { readonly respond: RequestListener; readonly reason?: string }>> = {
  node: { respond: text },
  lies: { respond: (_request, response) => void response.end(LIES) },
  endless: {
    respond: (_request, response) => {
      const send = (): void => {
        while (!response.destroyed && response.write(`a_metric 1\n${'# x\n'.repeat(20_000)}`)) {
          // Until the socket is full.
        }
      };
      response.on('drain', send);
      response.on('error', () => undefined);
      send();
    },
    reason: 'too_large',
  },
  hangs: { respond: () => undefined, reason: 'timeout' },
  slow: {
    respond: (_request, response) => {
      const timer = setInterval(() => response.write('a'), 50);
      response.on('close', () => clearInterval(timer));
    },
    reason: 'timeout',
  },
  broken: { respond: (_request, response) => void response.writeHead(500).end('no'), reason: 'invalid' },
  redirect: {
    respond: (_request, response) => void response.writeHead(302, { location: '/x' }).end(),
    reason: 'invalid',
  },
  gzip: {
    respond: (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(GOOD)),
    reason: 'invalid',
  },
  html: { respond: (_request, response) => void response.end('<html>\n'.repeat(1000)), reason: 'invalid' },
  empty: { respond: (_request, response) => void response.end(), reason: 'invalid' },
};

const names = Object.keys(exporters);
const servers: Server[] = [];
const directory = mkdtempSync(join(tmpdir(), 'kx-'));
const id = 'one';
let node: LiveNode;
/** A monitor that has the exporters in /metrics. */
let mixing: RunningProgram;

async function listen(server: Server, path?: string): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => {
    if (path === undefined) {
      server.listen(0, '127.0.0.1', resolve);
    } else {
      server.listen(path, resolve);
    }
  });
  return path === undefined ? (server.address() as AddressInfo).port : 0;
}

/** Of the monitor. */
const flags: string[] = [];

beforeAll(async () => {
  for (const [name, { respond }] of Object.entries(exporters)) {
    flags.push(`--guest-exporter=${name}=${await listen(createServer(respond))}`);
  }
  const socketPath = join(directory, 'x.sock');
  await listen(createServer(text), socketPath);
  const noHttp = await listen(createTcpServer((socket) => void socket.end('SSH-2.0-x\r\n')));
  const closedPort = await findFreePort();
  flags.push(
    `--guest-exporter=socket=unix:${socketPath}`,
    `--guest-exporter=ssh=${noHttp}`,
    `--guest-exporter=closed=${closedPort}`,
    '--guest-exporter=of-the-pod',
  );
  node = await startLiveNode({ ids: [id], monitorArgs: flags });
  const more = ['--guest-exporters-in-metrics', '--listen-address=127.0.0.1:0', `--sandboxes-root=${node.root}`];
  mixing = runProgram('kata-monitor', [...flags, ...more]);
});

afterAll(async () => {
  await mixing?.stop();
  await node?.stop();
  for (const server of servers) {
    server.close();
    if ('closeAllConnections' in server) {
      (server as ReturnType<typeof createServer>).closeAllConnections();
    }
  }
  rmSync(directory, { recursive: true });
});

/** On a busy machine a scrape may be without a slow exporter. */
async function eventually(check: () => Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 25_000, interval: 200 });
}

async function scrape(headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${node.url}/metrics/guest`, { headers });
  expect(response.status).toBe(200);
  return response.text();
}

const labels = (exporter: string): string =>
  `sandbox_id="${id}",cri_uid="",cri_name="",cri_namespace="",exporter="${exporter}"`;

describe('Exporters in a guest', () => {
  it('have their metrics with the labels of the sandbox and their own name', async () =>
    eventually(async () => {
      const body = await scrape();
      parseAnswer(body);
      for (const name of ['node', 'socket']) {
        expect(body).toContain(`node_boot_time_seconds{${labels(name)}} 1.5e+09\n`);
        expect(body).toContain(`DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1",Hostname="guest",${labels(name)}} 42\n`);
        expect(body).toContain(`kata_sandbox_exporter_up{${labels(name)}} 1\n`);
        expect(body).not.toContain(`kata_sandbox_exporter_error{${labels(name)},`);
      }
    }));

  it.each(names.filter((name) => exporters[name]?.reason !== undefined))(
    'report why there are none: %s',
    async (name) =>
      eventually(async () => {
        const body = await scrape();
        expect(body).toContain(`kata_sandbox_exporter_up{${labels(name)}} 0\n`);
        expect(body).toContain(`kata_sandbox_exporter_error{${labels(name)},reason="${exporters[name]?.reason}"} 1\n`);
        expect(body).toContain(`node_boot_time_seconds{${labels('node')}} 1.5e+09\n`);
      }),
  );

  it('report what listens there and is no exporter', async () =>
    eventually(async () => {
      expect(await scrape()).toContain(`kata_sandbox_exporter_error{${labels('ssh')},reason="invalid"} 1\n`);
    }));

  it('are not reported where nothing listens, or where the pod has to give the address', async () =>
    eventually(async () => {
      const body = await scrape();
      expect(body).not.toContain('exporter="closed"');
      expect(body).not.toContain('exporter="of-the-pod"');
    }));

  it('cannot lie: no families of this project or of Prometheus, no labels of others', async () =>
    eventually(async () => {
      const body = await scrape();
      const lines = body.split('\n').filter((line) => line.includes('exporter="lies"') && !line.startsWith('kata_'));
      expect(lines).toEqual([`mine{${labels('lies')}} 1`]);
      expect(body).toContain(`kata_shim_exporter_dropped_samples{reason="forbidden_family",${labels('lies')}} 6\n`);
      expect(body).toContain(`kata_shim_exporter_dropped_samples{reason="reserved_label",${labels('lies')}} 4\n`);
      expect(body).not.toMatch(/^(?:up|ALERTS|kata_sandbox_up|kata_monitor|namespace:)/m);
      expect(body).not.toContain('reason="bad_value"');
    }));

  it('are in OpenMetrics and protobuf for those who ask for it', async () =>
    eventually(async () => {
      expect(await scrape({ accept: 'application/openmetrics-text;version=1.0.0' })).toMatch(/\n# EOF\n$/);
      const accept = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
      expect(await scrape({ accept })).toContain('node_boot_time_seconds');
    }));

  it('are those that the annotation of the pod selects, if there is a container manager', async () => {
    const port = (servers[0]!.address() as AddressInfo).port;
    const cri = await CriServer.start(join(directory, 'cri.sock'), {
      state: {
        pods: [
          {
            id,
            metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
            annotations: {
              'kata-metrics/guest-exporters': `of-the-pod=${port}/metrics, redis=6379, redis=1, ${'x'.repeat(64)}=1, closed`,
            },
          },
        ],
      },
    });
    const roots = ['--listen-address=127.0.0.1:0', `--sandboxes-root=${node.root}`];
    const monitor = runProgram('kata-monitor', [...flags, ...roots, `--runtime-endpoint=${cri.socketPath}`]);
    try {
      const url = `${await monitor.waitForLine(pickUrl)}/metrics/guest`;
      await eventually(async () => {
        const body = await (await fetch(url)).text();
        const pod = `sandbox_id="${id}",cri_uid="u1",cri_name="web",cri_namespace="shop"`;
        expect(body.match(/^kata_sandbox_exporter_(?:up|error)\{.*$/gm)).toEqual([
          `kata_sandbox_exporter_error{${pod},exporter="closed",reason="absent"} 1`,
          `kata_sandbox_exporter_error{${pod},exporter="redis",reason="not_allowed"} 1`,
          `kata_sandbox_exporter_error{${pod},exporter="${'x'.repeat(60)}...",reason="not_allowed"} 1`,
          `kata_sandbox_exporter_up{${pod},exporter="closed"} 0`,
          `kata_sandbox_exporter_up{${pod},exporter="of-the-pod"} 1`,
        ]);
        expect(body).toContain(`node_boot_time_seconds{${pod},exporter="of-the-pod"} 1.5e+09\n`);
      });
    } finally {
      await monitor.stop();
      await cri.stop();
    }
  });

  it('are in /metrics if the operator wants that, and lie there no better', async () =>
    eventually(async () => {
      const url = await mixing.waitForLine(pickUrl);
      const body = await (await fetch(`${url}/metrics`)).text();
      parseAnswer(body);
      expect(body).toContain(`node_boot_time_seconds{${labels('node')}} 1.5e+09\n`);
      expect(body).toContain(`kata_sandbox_exporter_error{${labels('hangs')},reason="timeout"} 1\n`);
      expect(body).toContain(`kata_sandbox_up{sandbox_id="${id}",cri_uid="",cri_name="",cri_namespace=""} 1\n`);
      expect(body.match(/^kata_sandbox_up\{/gm)).toHaveLength(1);
      expect(body).not.toMatch(/^(?:up|ALERTS)/m);
    }));

  it('are not in /metrics by default, and do not delay it', async () =>
    eventually(async () => {
      const [guest, body] = await Promise.all([scrape(), fetch(`${node.url}/metrics`).then((it) => it.text())]);
      expect(guest).toContain('node_boot_time_seconds{');
      expect(body).not.toContain('node_boot_time_seconds{');
      expect(body).toContain(`kata_sandbox_up{sandbox_id="${id}",cri_uid="",cri_name="",cri_namespace=""} 1\n`);
      expect(body).toMatch(/^kata_shim_agent_up\{.*\} 1$/m);
    }));
});
