/**
 * A monitor with 64 file descriptors and 120 sandboxes: once, 81 healthy sandboxes were reported as refused for ever. And
 * sockets whose paths are longer than a socket's address may be: these were reported as refused too.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startManagementServer } from '../../src/shim/http/management-server.ts';
import { getFromShim } from '../../src/shim-client/index.ts';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { pickUrl, programCommand, type RunningProgram, runCommand, runProgram } from '../support/run-program.ts';

let folder: string;
let shims: FakeShim[];
let monitor: RunningProgram | undefined;
let clients: Socket[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fd-'));
  shims = [];
  clients = [];
});

afterEach(async () => {
  for (const client of clients) {
    client.destroy();
  }
  await monitor?.stop();
  monitor = undefined;
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

async function startShims(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const directory = join(folder, `s${i}`);
    await mkdir(directory);
    shims.push(
      await startFakeShim(
        join(directory, 'shim-monitor.sock'),
        answerWithLength('# TYPE kata_shim_x gauge\nkata_shim_x 1\n'),
      ),
    );
  }
}

async function startWith(limits: string): Promise<string> {
  const program = [...programCommand('kata-monitor'), '--listen-address=127.0.0.1:0', `--sandboxes-root=${folder}`];
  monitor = runCommand(['sh', '-c', `ulimit ${limits}; exec "$@"`, 'sh', ...program]);
  return monitor.waitForLine(pickUrl);
}

async function scrape(url: string): Promise<{ up: number; errors: string[] }> {
  const get = (): Promise<Response> => fetch(`${url}/metrics`);
  // As Prometheus, again where the kept connection is closed at the moment of the request: fetch does not do so by itself.
  const text = await (await get().catch(get)).text();
  const lines = text.split('\n');
  return {
    up: lines.filter((line) => /^kata_sandbox_up\{.* 1$/.test(line)).length,
    errors: lines.filter((line) => line.startsWith('kata_sandbox_scrape_error{')),
  };
}

describe('a monitor with few file descriptors', () => {
  it('reads all sandboxes in each scrape', async () => {
    await startShims(120);
    const url = await startWith('-n 64');
    for (let i = 0; i < 3; i++) {
      expect(await scrape(url)).toEqual({ up: 120, errors: [] });
    }
  });

  it('reads them while clients hold the connections that they may have, and after', async () => {
    await startShims(120);
    const url = await startWith('-n 64');
    const port = Number(new URL(url).port);
    // One is kept for the scrape, as Prometheus keeps its connection.
    expect(await scrape(url)).toEqual({ up: 120, errors: [] });
    clients = Array.from({ length: 60 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    await Promise.all(clients.map((client) => new Promise((resolve) => client.once('connect', resolve))));
    expect(await scrape(url)).toEqual({ up: 120, errors: [] });
  });

  it('has as many as it may: the soft limit is raised', async () => {
    const url = await startWith('-Sn 64');
    const text = await (await fetch(`${url}/metrics`)).text();
    const hard = /^Max open files +\d+ +(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))![1];
    expect(text).toMatch(new RegExp(`^kata_monitor_process_max_fds ${hard}$`, 'm'));
  });
});

describe('a client of shims without a file descriptor', () => {
  it('gives up an idle connection, else says whose shortage it is, and works again', async () => {
    await startShims(2);
    const program = join(import.meta.dirname, '../support/descriptor-shortage-program.ts');
    const command = [process.execPath, program, ...shims.map(({ socketPath }) => socketPath)];
    const { stdout, stderr } = await runCommand(['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh', ...command]).ended;
    expect({ lines: stdout.trim().split('\n'), stderr }).toEqual({
      lines: [
        'before: ok',
        'with an idle connection to give up: ok',
        'with none: local_shortage, no connection can be opened: this process has no file descriptor left',
        'afterwards: ok',
      ],
      stderr: '',
    });
  });
});

describe('sockets with long paths', () => {
  it('are listened on, found and read', async () => {
    const root = join(folder, 'r'.repeat(100));
    const socketPath = join(root, 'e'.repeat(64), 'shim-monitor.sock');
    await mkdir(join(root, 'e'.repeat(64)), { recursive: true });
    const routes = { '/metrics': () => ({ contentType: 'text/plain; version=0.0.4', body: 'kata_shim_x 1\n' }) };
    const shim = await startManagementServer(socketPath, routes, () => undefined);
    monitor = runProgram('kata-monitor', ['--listen-address=127.0.0.1:0', `--sandboxes-root=${root}`]);
    expect(await scrape(await monitor.waitForLine(pickUrl))).toEqual({ up: 1, errors: [] });
    const request = { socketPath, path: '/metrics', timeoutMs: 3000, maxBytes: 1000 } as const;
    expect(await getFromShim(request)).toMatchObject({ kind: 'ok' });
    await shim.close();
    expect(await getFromShim(request)).toMatchObject({ kind: 'failed', reason: 'missing' });
  });
});
