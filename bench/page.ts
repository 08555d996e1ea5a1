/**
 * What the page costs, in Debian's Chromium: CPU time of the monitor while it is open, the memory of the page, and the frames
 * while a person scrolls. `node bench/page.ts --seconds 300`; with --seconds 0 only the frames.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { buildSourcePage } from '../scripts/build-page.ts';
import { startChromium } from '../test/support/chromium.ts';
import { frameCategories, quantile, readFrameTimes, type TraceEvent } from './frame-times.ts';
import { startMonitor } from './monitor-under-test.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import { readOptions } from './read-options.ts';
import { makeSandboxIds } from './sandbox-ids.ts';
import { drain } from './scrape.ts';
import { bodyPath, startShims } from './shims-under-test.ts';

const MINUTE_MS = 60_000;
const MIB = 2 ** 20;
/** Until forms are known and the optimizing compilers are done. */
const WARM_UP_MS = 15_000;
/** At 60 frames a second. */
const FRAME_MS = 1000 / 60;
/** As in web/app.css. */
const ROW_PIXELS = 36;
/** About 80 rows a second, too fast to read. */
const PIXELS_PER_SECOND = 3000;

const options = readOptions({
  sandboxes: { type: 'string', default: '500' },
  seconds: { type: 'string', default: '300' },
  rows: { type: 'string', default: '1000' },
  body: { type: 'string', default: bodyPath },
});

interface Node {
  readonly monitor: ProcessUnderTest;
  /** Of the monitor, without a path. */
  readonly url: string;
  stop(): Promise<void>;
}

async function startNode(sandboxes: string): Promise<Node> {
  const folder = mkdtempSync(join(tmpdir(), 'kb-'));
  const root = join(folder, 's');
  const shims = await startShims(root, Number(sandboxes), options);
  const { process: monitor, url } = await startMonitor(root, {
    flags: [`--runtime-endpoint=${folder}/none.sock`, '--shim-timeout=30s', '--scrape-timeout=1m'],
  });
  const stop = async (): Promise<void> => {
    await monitor.stop();
    await shims.stop();
    rmSync(folder, { recursive: true });
  };
  return { monitor, url: url.replace('/metrics', ''), stop };
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(url);
  await page.waitForSelector('tr[data-index], .chart canvas');
  return page;
}

/** % of a core that the monitor uses while it is scraped, every `everyMs`. */
async function measureCpu({ monitor, url }: Node, everyMs: number, forMs: number): Promise<number> {
  const startCpuMs = monitor.cpuMs();
  const startMs = performance.now();
  for (let nextMs = startMs; nextMs < startMs + forMs; nextMs += everyMs) {
    await wait(Math.max(0, nextMs - performance.now()));
    await drain(`${url}/metrics`, true);
  }
  await wait(Math.max(0, startMs + forMs - performance.now()));
  return (100 * (monitor.cpuMs() - startCpuMs)) / (performance.now() - startMs);
}

/** One line: what the page holds after a garbage collection. */
async function describeMemory(name: string, session: CDPSession): Promise<string> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const value = (wanted: string): number => metrics.find((metric) => metric.name === wanted)?.value ?? Number.NaN;
  return `${name} ${(value('JSHeapUsedSize') / MIB).toFixed(2)} MiB, ${value('Nodes')} nodes, ${value('JSEventListeners')} listeners`;
}

async function watchMemory(pages: readonly (readonly [name: string, page: Page])[], forMs: number): Promise<void> {
  const sessions = await Promise.all(
    pages.map(async ([name, page]) => [name, await page.context().newCDPSession(page)] as const),
  );
  for (const [, session] of sessions) {
    await session.send('Performance.enable');
    await session.send('HeapProfiler.enable');
  }
  const startMs = performance.now();
  for (let atMs = 0; atMs <= forMs; atMs += MINUTE_MS) {
    await wait(Math.max(0, startMs + atMs - performance.now()));
    const texts = [];
    for (const [name, session] of sessions) {
      texts.push(await describeMemory(name, session));
    }
    process.stdout.write(`minute ${atMs / MINUTE_MS}: ${texts.join('; ')}\n`);
  }
}

async function measureNode(browser: Browser, forMs: number): Promise<void> {
  const node = await startNode(options.sandboxes);
  try {
    const aloneMs = Math.min(MINUTE_MS, forMs);
    await measureCpu(node, 2000, WARM_UP_MS);
    const rows = [];
    for (const [everyMs, pageMs] of [
      [2000, forMs],
      [15_000, aloneMs],
    ] as const) {
      const alone = await measureCpu(node, everyMs, aloneMs);
      const page = await openPage(browser, `${node.url}/`);
      // The page is compiled, and its first snapshots have arrived.
      await measureCpu(node, everyMs, WARM_UP_MS);
      const [open] = await Promise.all([
        measureCpu(node, everyMs, pageMs),
        pageMs > MINUTE_MS && watchMemory([['table', page]], pageMs),
      ]);
      await page.close();
      rows.push([`every ${everyMs / 1000} s`, alone, open, open - alone] as const);
    }
    const [id] = makeSandboxIds(1);
    const page = await openPage(browser, `${node.url}/#/sandbox/${id}`);
    const cores = await measureCpu(node, 15_000, aloneMs);
    rows.push(['every 15 s, page of one sandbox', rows[1]![1], cores, cores - rows[1]![1]] as const);
    await page.close();
    process.stdout.write(`\n${options.sandboxes} sandboxes, page open for ${forMs / 1000} s\n\n`);
    process.stdout.write(
      '| /metrics scraped | monitor CPU, % of a core | with the page | difference |\n|---|--:|--:|--:|\n',
    );
    for (const [name, ...percents] of rows) {
      process.stdout.write(`| ${name} | ${percents.map((percent) => percent.toFixed(1)).join(' | ')} |\n`);
    }
  } finally {
    await node.stop();
  }
}

/** Scrolls from the first to the last row, while snapshots go on to arrive. */
async function measureFrames(browser: Browser): Promise<void> {
  const node = await startNode(options.rows);
  try {
    const page = await openPage(browser, `${node.url}/`);
    await page.waitForTimeout(WARM_UP_MS);
    const session = await page.context().newCDPSession(page);
    const box = (await page.locator('.rows').boundingBox())!;
    const scroll = (pixels: number) =>
      session.send('Input.synthesizeScrollGesture', {
        x: box.x + box.width / 2,
        y: box.y + box.height / 2,
        yDistance: pixels,
        speed: PIXELS_PER_SECOND,
        gestureSourceType: 'mouse',
      });
    const height = Number(options.rows) * ROW_PIXELS;
    await browser.startTracing(page, { categories: frameCategories });
    await scroll(-height);
    const trace = await browser.stopTracing();
    const last = await page.locator('tr[data-index]').last().getAttribute('data-index');
    const { traceEvents } = JSON.parse(trace.toString('utf8')) as { readonly traceEvents: readonly TraceEvent[] };
    const { cpuMs, busyMs, intervalMs, drawn, dropped } = readFrameTimes(traceEvents);
    const list = (values: readonly number[]): string =>
      [0.5, 0.95, 0.99, 1].map((share) => quantile(values, share).toFixed(1)).join(' | ');
    process.stdout.write(
      [
        `\n${options.rows} rows, scrolled to row ${Number(last) + 1} at ${PIXELS_PER_SECOND} pixels a second: ${drawn} frames drawn, ${dropped} dropped;`,
        `${cpuMs.length} frames of the main thread, ${cpuMs.filter((ms) => ms > FRAME_MS).length} of them with more CPU time than ${FRAME_MS.toFixed(1)} ms\n`,
        '| | median | 95 % | 99 % | longest |\n|---|--:|--:|--:|--:|',
        `| CPU time of the main thread per frame, ms | ${list(cpuMs)} |`,
        `| main thread busy per frame, ms | ${list(busyMs)} |`,
        `| from frame to frame, ms | ${list(intervalMs)} |\n`,
      ].join('\n'),
    );
    await page.close();
  } finally {
    await node.stop();
  }
}

await buildSourcePage();
const browser = await startChromium();
try {
  await measureFrames(browser);
  if (options.seconds !== '0') {
    await measureNode(browser, 1000 * Number(options.seconds));
  }
} finally {
  await browser.close();
}
