import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FirecrackerApiServer, startFirecrackerApi } from '../../../../test/support/firecracker-api.ts';
import { waitUntil } from '../../../../test/support/processes.ts';
import { FirecrackerApi } from './api.ts';
import { type FirecrackerMetrics, openFirecrackerMetrics } from './metrics.ts';

let folder: string;
let metricsPath: string;
let nowMs: number;
let problems: string[];
let server: FirecrackerApiServer | undefined;
let metrics: FirecrackerMetrics;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
  metricsPath = join(folder, 'metrics');
  nowMs = 0;
  problems = [];
  server = undefined;
});

afterEach(async () => {
  await metrics.close();
  await server?.close();
  await rm(folder, { recursive: true });
});

const makeFifo = (): void => {
  execFileSync('mkfifo', [metricsPath]);
};
const makeFile = (): void => writeFileSync(metricsPath, '');

function open({ hasApi, timeoutMs = 10_000 }: { hasApi: boolean; timeoutMs?: number }): void {
  metrics = openFirecrackerMetrics({
    path: metricsPath,
    api: hasApi ? new FirecrackerApi({ socketPath: join(folder, 'api.sock'), timeoutMs }) : undefined,
    now: () => nowMs,
    wallClock: Date.now,
    onProblem: (message) => problems.push(message),
  });
}

async function startServer(groups: object): Promise<FirecrackerApiServer> {
  server = await startFirecrackerApi({ socketPath: join(folder, 'api.sock'), running: { metricsPath } });
  server.setGroups(groups);
  return server;
}

/** The first value of a family. */
async function collect(name: string): Promise<string | undefined> {
  const families = await metrics.collector.collect(undefined);
  const sample = families.find((family) => family.name === `kata_firecracker_${name}`)?.samples[0];
  return sample && String(sample.value);
}

const FLUSH = 'PUT /actions {"action_type":"FlushMetrics"}';

describe.each([
  ['a FIFO', makeFifo],
  ['a file', makeFile],
])('metrics by %s', (_, make) => {
  it('are fresh, and added up', async () => {
    make();
    await startServer({ net: { rx_count: 3 } });
    open({ hasApi: true });
    expect(await collect('net')).toBe('3');
    nowMs += 1_000;
    expect(await collect('net')).toBe('6');
    expect(problems).toEqual([]);
  });

  it('are requested at most once a second, and once for concurrent scrapes', async () => {
    make();
    const { calls } = await startServer({ net: { rx_count: 3 } });
    open({ hasApi: true });
    expect(await Promise.all([collect('net'), collect('net'), collect('net')])).toEqual(['3', '3', '3']);
    nowMs += 999;
    expect(await collect('net')).toBe('3');
    expect(calls).toEqual([FLUSH]);
    nowMs += 1;
    expect(await collect('net')).toBe('6');
    expect(calls).toEqual([FLUSH, FLUSH]);
  });

  it('go on when Firecracker is started again', async () => {
    make();
    await startServer({ net: { rx_count: 3 } });
    open({ hasApi: true });
    expect(await collect('net')).toBe('3');
    await server?.close();
    nowMs += 1_000;
    expect(await collect('net')).toBe('3');
    await startServer({ net: { rx_count: 4 } });
    nowMs += 1_000;
    expect(await collect('net')).toBe('7');
    expect(problems).toEqual([expect.stringMatching(/^Firecracker request "PUT \/actions" failed/)]);
  });

  it('do not wait for an unresponsive API', async () => {
    make();
    (await startServer({ net: { rx_count: 3 } })).hang();
    open({ hasApi: true, timeoutMs: 20 });
    expect(await collect('net')).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(/no response within 20 ms$/)]);
  });

  it('are read without a request where the API is not known, and age', async () => {
    make();
    open({ hasApi: false });
    expect(await collect('age_seconds')).toBeUndefined();
    appendFileSync(metricsPath, `{"utc_timestamp_ms":${Date.now()},"net":{"rx_count":1}}\n`);
    await waitUntil(async () => (await collect('lines_total')) === '1');
    const age = Number(await collect('age_seconds'));
    nowMs += 60_000;
    expect(Number(await collect('age_seconds')) - age).toBeCloseTo(60);
  });
});

describe('metrics of nothing', () => {
  it('are counts of nothing', async () => {
    open({ hasApi: false });
    expect(await metrics.collector.collect(undefined)).toMatchObject([
      { name: 'kata_firecracker_lines_total', samples: [{ value: 0 }] },
      { name: 'kata_firecracker_refused_total', samples: [] },
    ]);
  });
});
