import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getOverUnix } from '../../test/support/get-over-unix.ts';
import { parseOptions } from '../options/index.ts';
import { type MonitorSettings, monitorOptionTable, toMonitorSettings } from '../settings/monitor.ts';
import { createLog } from './answer/log.ts';
import type { MetricsRequest, MetricsResponder, MetricsResponse, PlansNode } from './answer/metrics-responder.ts';
import { type RunningMonitor, startMonitor } from './start-monitor.ts';

/** The whole response to bytes that no HTTP client would send: `request` is sent as it is. */
async function askRaw(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
  // The server may close before everything is written: what it has sent counts.
  socket.on('error', () => socket.destroy());
  socket.write(request);
  return text(socket);
}

let folder: string;
let monitor: RunningMonitor | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'monitor-'));
});

afterEach(async () => {
  await monitor?.close();
  monitor = undefined;
  await rm(folder, { recursive: true });
});

function settings(...args: string[]): MonitorSettings {
  const parsed = parseOptions(monitorOptionTable, [`--sandboxes-root=${folder}`, ...args]);
  return toMonitorSettings((parsed as Extract<typeof parsed, { kind: 'values' }>).values);
}

const respondNothing = async (): Promise<MetricsResponse> => ({ status: 200, headers: {}, body: Buffer.from('a 1\n') });
const nothing: MetricsResponder & PlansNode = {
  respond: respondNothing,
  respondContainers: respondNothing,
  readPlan: async () => ({ plan: { families: [], refusals: [] }, release: () => undefined }),
};

async function start(args: string[], responder = nothing): Promise<RunningMonitor> {
  monitor = await startMonitor({
    settings: settings(...args),
    version: '1.2.3',
    log: createLog({ level: 'panic', format: 'text' }),
    createResponder: () => responder,
  });
  return monitor;
}

const listenAndDie = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;

describe('startMonitor', () => {
  it('listens and discovers the sandboxes', async () => {
    await mkdir(join(folder, 'a'));
    const { url } = await start(['--listen-address=127.0.0.1:0']);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+$/);
    expect(await (await fetch(`${url}/sandboxes`)).text()).toBe('a\n');
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('a 1\n');
  });

  it('listens on every address without a host', async () => {
    const { url } = await start(['--listen-address=:0', '--web.insecure-listen']);
    expect((await fetch(`http://127.0.0.1:${new URL(url).port}/`)).status).toBe(200);
  });

  it('listens on both loopback addresses for localhost, whatever the resolver returns', async () => {
    const { url } = await start(['--listen-address=localhost:0']);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const hasIpv6 = Object.values(networkInterfaces()).some((each) => each!.some(({ address }) => address === '::1'));
    const overIpv6 = await fetch(`http://[::1]:${new URL(url).port}/healthz`).then(
      ({ status }) => status,
      () => undefined,
    );
    expect(overIpv6).toBe(hasIpv6 ? 200 : undefined);
  });

  const everyPath = [
    '/',
    '/metrics',
    '/metrics/cadvisor',
    '/sandboxes',
    '/healthz',
    '/readyz',
    '/agent-url',
    '/debug/vars',
    '/debug/pprof/',
    '/none',
    '/%',
  ];

  it.each(everyPath)('rejects a request for %s whose Host names another site', async (path) => {
    const { url } = await start([
      '--listen-address=127.0.0.1:0',
      '--web.allowed-hosts=node-1.example.org,*.pods.example',
    ]);
    const ask = (host: string) => askRaw(url, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(await ask('evil.example')).toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask('node-1.example.org:8090')).not.toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask('a.pods.example')).not.toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask(new URL(url).host)).not.toMatch(/^HTTP\/1\.1 403 /);
  });

  it('serves every name over a unix socket', async () => {
    const path = join(folder, 'monitor.sock');
    await start([`--listen-address=unix://${path}`]);
    expect(await getOverUnix(path, '/metrics')).toBe('a 1\n');
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['no Host', 'GET /metrics HTTP/1.1\r\n\r\n', 400],
    ['a path that cannot be read', 'GET /% HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
    ['another name', 'GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n', 403],
    ['no page', 'GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 404],
    ['POST', 'POST /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 405],
    ['an expectation', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\n\r\n', 417],
    ['a long head', `GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('responds to %s with the security headers of every response', async (_name, request, status) => {
    const config = join(folder, 'web.yml');
    await writeFile(config, 'http_server_config: {headers: {X-Frame-Options: deny}}');
    const { url } = await start(['--listen-address=127.0.0.1:0', `--web.config.file=${config}`]);
    const [head] = (await askRaw(url, request)).split('\r\n\r\n');
    const lines = head!.toLowerCase().split('\r\n');
    expect(lines[0]).toContain(` ${status} `);
    expect(lines).toContain('x-content-type-options: nosniff');
    expect(lines).toContain('x-frame-options: deny');
    expect(lines.some((line) => line.startsWith("content-security-policy: default-src 'none'"))).toBe(true);
    expect(lines).toContain('connection: close');
  });

  it('reports a port in use', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    await expect(start([`--listen-address=127.0.0.1:${port}`])).rejects.toThrow(
      `Cannot listen on "127.0.0.1:${port}": address is in use`,
    );
    await new Promise((resolve) => other.close(resolve));
  });

  it('reports an address that is not of this machine', async () => {
    await expect(start(['--listen-address=192.0.2.1:0', '--web.insecure-listen'])).rejects.toThrow(
      'Cannot listen on "192.0.2.1:0": machine has no such address',
    );
  });

  it.each(['/agent-url?sandbox=a', '/debug/vars?sandbox=a', '/debug/pprof/?sandbox=a'])(
    'serves %s where other machines can reach it only with --web.insecure-listen',
    async (path) => {
      const { url } = await start(['--listen-address=:0']);
      const response = await fetch(`http://127.0.0.1:${new URL(url).port}${path}`);
      expect({ status: response.status, text: await response.text() }).toEqual({
        status: 404,
        text: 'This page is not served on this address. Other machines can reach this address without a password. To serve the page, use --web.admin-address\n',
      });
      const insecure = await start(['--listen-address=:0', '--web.insecure-listen']);
      const served = await fetch(`http://127.0.0.1:${new URL(insecure.url).port}${path}`);
      expect(await served.text()).toBe('No sandbox "a" on this node\n');
    },
  );

  it('serves the admin pages on a separate address', async () => {
    const { url, adminUrl } = await start(['--listen-address=127.0.0.1:0', '--web.admin-address=127.0.0.1:0']);
    expect(await (await fetch(`${url}/debug/vars`)).text()).toContain('It is served on --web.admin-address');
    expect(await (await fetch(`${url}/`)).text()).not.toContain('/debug');
    await mkdir(join(folder, 'a'));
    const html = await (await fetch(`${url}/sandboxes`, { headers: { accept: 'text/html' } })).text();
    expect(html).toContain('<li>a: <a href="/metrics?sandbox=a">metrics</a></li>');
    expect(await (await fetch(`${adminUrl}/debug/vars`)).text()).toContain('Parameter "sandbox" is missing');
    expect((await fetch(`${adminUrl}/metrics`)).status).toBe(404);
  });

  it('listens on a path that only owner and group may use, and removes it at the end', async () => {
    const path = join(folder, 'monitor.sock');
    const { url, close } = await start([`--listen-address=unix://${path}`]);
    expect(url).toBe(`unix://${path}`);
    expect((await stat(path)).mode & 0o777).toBe(0o660);
    expect(await getOverUnix(path, '/metrics')).toBe('a 1\n');
    await expect(start([`--listen-address=unix://${path}`])).rejects.toThrow(
      `Cannot listen on "unix://${path}": address is in use`,
    );
    await close();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('replaces only a stale socket', async () => {
    const path = join(folder, 'stale.sock');
    await once(spawn(process.execPath, ['-e', listenAndDie, path]), 'exit');
    expect((await stat(path)).isSocket()).toBe(true);
    await start([`--listen-address=unix://${path}`]);
    expect(await getOverUnix(path, '/metrics')).toBe('a 1\n');
    await writeFile(join(folder, 'file'), 'x');
    await expect(start([`--listen-address=unix://${folder}/file`])).rejects.toThrow(`"${folder}/file" is not a socket`);
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('x');
  });

  it.each([
    ['none/m.sock', (path: string) => `directory "${path}/none" does not exist`],
    ['none/too/m.sock', (path: string) => `directory "${path}/none/too" does not exist`],
    ['file/m.sock', (path: string) => `"${path}/file" is not a directory`],
    ['folder', (path: string) => `"${path}/folder" is a directory`],
  ])('reports the fault of a socket path: %s', async (path, message) => {
    await writeFile(join(folder, 'file'), 'x');
    await mkdir(join(folder, 'folder'));
    await expect(start([`--listen-address=unix://${folder}/${path}`])).rejects.toThrow(
      `Cannot listen on "unix://${folder}/${path}": ${message(folder)}`,
    );
  });

  it('lets a request in progress finish when it closes', async () => {
    const asked = Promise.withResolvers<MetricsRequest>();
    const isServed = Promise.withResolvers<void>();
    const { url, close } = await start(['--listen-address=127.0.0.1:0'], {
      ...nothing,
      respond: async (request) => {
        asked.resolve(request);
        await isServed.promise;
        return nothing.respond(request);
      },
    });
    const response = fetch(`${url}/metrics`);
    await asked.promise;
    const closed = close();
    isServed.resolve();
    expect(await (await response).text()).toBe('a 1\n');
    await closed;
    monitor = undefined;
    await expect(fetch(url)).rejects.toThrow();
  });
});
