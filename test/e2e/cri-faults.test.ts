/**
 * Whatever is wrong with the container manager, a scrape is neither late nor poorer by anything but what it alone knows.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CriServer, type CriServerOptions } from '../support/cri-server.ts';
import { answerInChunks, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const body = readFileSync(join(import.meta.dirname, '../fixtures/bodies/go-shim.metrics.txt'));
/** Few: a busy machine must scrape them in less than LATE_MS. More than are looked up one by one. */
const ids = Array.from({ length: 5 }, (_, i) => `${i}`.repeat(64));
const pods = ids.map((id, i) => ({
  id,
  metadata: { name: `web-${i}`, uid: `uid-${i}`, namespace: 'shop' },
  createdAt: 1_700_000_000_000_000_000n,
  labels: { app: 'web' },
}));
const elsewhere = Array.from({ length: 10_000 }, (_, i) => ({
  id: `${i}`.padStart(64, 'f'),
  metadata: { name: `other-${i}`, uid: `${i}`, namespace: 'default' },
  labels: { filler: 'x'.repeat(500) },
}));
/** What the container manager alone knows. */
const ofCri = /^kata_(?:monitor_cri_info|sandbox_created_seconds|sandbox_labels|sandbox_runtime_info)$/;
/** What a call to a container manager that hangs takes: a scrape that waited for it would take longer than this. */
const LATE_MS = 2000;

/** For what comes by itself: machines that run tests can be very busy. */
const patience = { timeout: 30_000, interval: 20 };

let folder: string;
let shims: FakeShim[];
let cri: CriServer | undefined;
let monitor: RunningProgram;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kc-'));
  shims = await Promise.all(
    ids.map(async (id) => {
      await mkdir(join(folder, 's', id), { recursive: true });
      return startFakeShim(join(folder, 's', id, 'shim-monitor.sock'), answerInChunks(body));
    }),
  );
});

async function stop(): Promise<void> {
  await monitor.stop();
  await cri?.stop();
  cri = undefined;
}

afterEach(stop);

afterAll(async () => {
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

async function start(options: CriServerOptions | undefined): Promise<void> {
  const socketPath = join(folder, 'cri.sock');
  cri = options === undefined ? undefined : await CriServer.start(socketPath, { state: { pods }, ...options });
  monitor = runProgram('kata-monitor', [
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${join(folder, 's')}`,
    `--runtime-endpoint=${socketPath}`,
    '--cri-pod-labels=app',
  ]);
  url = await monitor.waitForLine(pickUrl);
}

interface Scrape {
  readonly tookMs: number;
  /** Series of sandboxes without the labels of CRI, sorted; those of CRI alone are left out. */
  readonly series: readonly string[];
  readonly names: ReadonlySet<string>;
  readonly labelled: number;
  readonly isUp: boolean;
}

async function scrape(): Promise<Scrape> {
  const startMs = performance.now();
  const text = await (await fetch(`${url}/metrics`)).text();
  const tookMs = performance.now() - startMs;
  const { series } = parseAnswer(text);
  const others = series.filter(
    ({ name, labels }) => !ofCri.test(name) && labels.some(([label]) => label === 'sandbox_id'),
  );
  return {
    tookMs,
    series: others
      .map(({ name, labels }) => `${name} ${JSON.stringify(labels.filter(([label]) => !label.startsWith('cri_')))}`)
      .sort(),
    names: new Set(series.map(({ name }) => name)),
    labelled: others.filter(({ labels }) => labels.some(([label, value]) => label === 'cri_name' && value !== ''))
      .length,
    isUp: series.find(({ name }) => name === 'kata_monitor_cri_up')?.value === 1,
  };
}

/** Beside a container manager that is well. */
let well: Scrape;

beforeAll(async () => {
  await start({});
  await vi.waitFor(async () => expect((await scrape()).names).toContain('kata_sandbox_labels'), patience);
  well = await scrape();
  await stop();
}, 60_000);

describe('a scrape', () => {
  it('has everything beside a container manager that is well', () => {
    expect(well.isUp).toBe(true);
    expect(well.labelled).toBe(well.series.length);
    expect(well.series.length).toBeGreaterThan(3000);
    expect([...well.names].filter((name) => ofCri.test(name))).toHaveLength(4);
  });

  it.each<[string, CriServerOptions | undefined]>([
    ['is not there', undefined],
    ['hangs', { behaviour: 'hangs' }],
    ['sends garbage', { behaviour: 'garbage' }],
    ['closes', { behaviour: 'closes' }],
    ['is something else', { behaviour: 'noise' }],
    ['is slow', { behaviour: 'slow' }],
  ])('is not late, and has no less, beside one that %s', async (_what, options) => {
    await start(options);
    for (let i = 0; i < 5; i++) {
      const { tookMs, series, labelled, isUp } = await scrape();
      expect(tookMs).toBeLessThan(LATE_MS);
      expect(series).toEqual(well.series);
      expect({ labelled, isUp }).toEqual({ labelled: 0, isUp: false });
    }
  });

  it.each<[string, CriServerOptions]>([
    ['has 10,000 other pods', { state: { pods: [...elsewhere, ...pods] } }],
    ['knows only v1alpha2', { apiVersion: 'v1alpha2' }],
  ])('has everything beside one that %s', async (_what, options) => {
    await start(options);
    const slowest = { ms: 0 };
    await vi.waitFor(async () => {
      const { tookMs, labelled } = await scrape();
      slowest.ms = Math.max(slowest.ms, tookMs);
      expect(labelled).toBe(well.series.length);
    }, patience);
    expect(slowest.ms).toBeLessThan(LATE_MS);
    expect((await scrape()).series).toEqual(well.series);
  });

  it('keeps its labels when the container manager falls ill', async () => {
    await start({});
    await vi.waitFor(async () => expect((await scrape()).labelled).toBe(well.series.length), patience);
    await cri!.stop();
    cri = undefined;
    const { series, labelled } = await scrape();
    expect(series).toEqual(well.series);
    expect(labelled).toBe(well.series.length);
  });

  it('has no containers, and says so in time, when the container manager hangs', async () => {
    await start({});
    await vi.waitFor(async () => expect((await scrape()).isUp).toBe(true), patience);
    cri!.behaviour = 'hangs';
    const startMs = performance.now();
    const headers = { 'x-prometheus-scrape-timeout-seconds': '2.5' };
    const response = await fetch(`${url}/metrics/cadvisor`, { headers });
    expect(response.status).toBe(503);
    expect(await response.text()).toMatch(
      /^Cannot read the containers of this node: .* did not respond within \d+ ms\n$/,
    );
    expect(performance.now() - startMs).toBeLessThan(2500 + LATE_MS);
    expect((await scrape()).labelled).toBe(well.series.length);
  });

  it('goes on when clients leave while containers are read', async () => {
    await start({});
    await vi.waitFor(async () => expect((await scrape()).isUp).toBe(true), patience);
    cri!.behaviour = 'slow';
    const asked = () => cri!.calls.filter((call) => call === 'ListContainerStats').length;
    for (let i = 0; i < 3; i++) {
      const client = new AbortController();
      const response = fetch(`${url}/metrics/cadvisor`, { signal: client.signal });
      await vi.waitFor(() => expect(asked()).toBe(1), patience);
      client.abort();
      await expect(response).rejects.toThrow();
    }
    cri!.behaviour = 'well';
    cri!.releaseSlow();
    await vi.waitFor(async () => expect((await fetch(`${url}/metrics/cadvisor`)).status).toBe(200), patience);
  });

  it('stops requesting sandboxes that the container manager does not know', async () => {
    await start({ state: { pods: [] } });
    // Tries come at 0, 0.25, 1.25, 5.25 and 30.25 s; no further one is waited for here, that is the unit test's.
    const tries = (): number => cri!.calls.filter((call) => call.startsWith('ListPodSandbox')).length;
    await vi.waitFor(() => expect(tries()).toBeGreaterThanOrEqual(3), patience);
    expect(tries()).toBeLessThanOrEqual(4);
    expect((await scrape()).labelled).toBe(0);
    expect((await scrape()).isUp).toBe(true);
  });
});
