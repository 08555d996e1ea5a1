import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseOptions } from '../options/index.ts';
import { createLog } from './log.ts';
import type { MetricsAnswerer, MetricsQuestion } from './metrics-answerer.ts';
import { type MonitorSettings, monitorOptionTable, toMonitorSettings } from './options.ts';
import { type RunningMonitor, startMonitor } from './start-monitor.ts';

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

const nothing: MetricsAnswerer = { answer: async () => ({ status: 200, headers: {}, body: Buffer.from('a 1\n') }) };

async function start(args: string[], answerer = nothing): Promise<RunningMonitor> {
  monitor = await startMonitor({
    settings: settings(...args),
    version: '1.2.3',
    log: createLog('panic'),
    createAnswerer: () => answerer,
  });
  return monitor;
}

describe('startMonitor', () => {
  it('listens, and knows the sandboxes', async () => {
    await mkdir(join(folder, 'a'));
    const { url } = await start(['--listen-address=127.0.0.1:0']);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+$/);
    expect(await (await fetch(`${url}/sandboxes`)).text()).toBe('a\n');
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('a 1\n');
  });

  it('listens on every address without a host', async () => {
    const { url } = await start(['--listen-address=:0']);
    expect((await fetch(`http://127.0.0.1:${new URL(url).port}/`)).status).toBe(200);
  });

  it('says that a port is taken', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    await expect(start([`--listen-address=127.0.0.1:${port}`])).rejects.toThrow(
      `Cannot listen on "127.0.0.1:${port}": address is in use`,
    );
    await new Promise((resolve) => other.close(resolve));
  });

  it('says that an address is not of this machine', async () => {
    await expect(start(['--listen-address=192.0.2.1:0'])).rejects.toThrow(
      'Cannot listen on "192.0.2.1:0": machine has no such address',
    );
  });

  it('lets a request under way finish when it closes', async () => {
    const asked = Promise.withResolvers<MetricsQuestion>();
    const answered = Promise.withResolvers<void>();
    const { url, close } = await start(['--listen-address=127.0.0.1:0'], {
      answer: async (question) => {
        asked.resolve(question);
        await answered.promise;
        return nothing.answer(question);
      },
    });
    const response = fetch(`${url}/metrics`);
    await asked.promise;
    const closed = close();
    answered.resolve();
    expect(await (await response).text()).toBe('a 1\n');
    await closed;
    monitor = undefined;
    await expect(fetch(url)).rejects.toThrow();
  });
});
