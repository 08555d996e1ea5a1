/**
 * Measures what one scrape of a node costs the monitor and the floor (bench/floor.ts), in turn in one run. Called by the report.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMonitor } from './monitor-under-test.ts';
import { ProcessUnderTest } from './process-under-test.ts';
import { requestScrape } from './scrape-request.ts';
import { startShims } from './shims-under-test.ts';

export interface ScrapeCost {
  /** Median wall time of a scrape as the client sees it. */
  readonly wallMs: number;
  /** Mean CPU time of a scrape. */
  readonly cpuMs: number;
}

export interface ScrapeResult {
  readonly sandboxes: number;
  readonly answerBytes: number;
  readonly gzipBytes: number;
  readonly identity: ScrapeCost;
  readonly gzip: ScrapeCost;
  readonly floorGzip: ScrapeCost;
  /** Resident memory of the monitor at its highest, over all gzip scrapes of the run. */
  readonly peakMiB: number;
  readonly floorPeakMiB: number;
}

export interface ScrapeOptions {
  readonly sandboxes: number;
  /** Level of gzip: the monitor's own, so that the floor has the same. */
  readonly gzipLevel: number;
  /** Scrapes of each kind that are measured, after as many again that are not, at most `MAX_WARM_UPS`. */
  readonly scrapes: number;
}

const MAX_WARM_UPS = 100;

/** Starts the shims, the monitor as it is in dist/ and the floor, and scrapes the two in turns. */
export async function measureScrape({ sandboxes, gzipLevel, scrapes }: ScrapeOptions): Promise<ScrapeResult> {
  // The path of a socket has at most 107 bytes, and an id takes 64 of them.
  const folder = mkdtempSync(join(tmpdir(), 'kb-'));
  const root = join(folder, 's');
  const shims = await startShims(root, sandboxes);
  const criSocketPath = join(folder, 'cri.sock');
  const cri = await ProcessUnderTest.start(join(import.meta.dirname, 'cri-server.ts'), [
    criSocketPath,
    String(sandboxes),
  ]);
  const { process: monitor, url } = await startMonitor(root, {
    program: 'built',
    flags: ['--scrape-timeout=1m', '--shim-timeout=30s', `--runtime-endpoint=${criSocketPath}`],
  });
  try {
    const response = await fetchLabelled(url, sandboxes);
    writeFileSync(join(folder, 'response'), response);
    const floor = await ProcessUnderTest.start(join(import.meta.dirname, 'floor.ts'), [
      root,
      join(folder, 'response'),
      String(gzipLevel),
    ]);
    try {
      return await measureInTurns(monitor, url, floor, { sandboxes, answerBytes: response.length, scrapes });
    } finally {
      await floor.stop();
    }
  } finally {
    await monitor.stop();
    await cri.stop();
    await shims.stop();
    rmSync(folder, { recursive: true });
  }
}

/** A response in which every sandbox has the labels of its pod. */
async function fetchLabelled(url: string, sandboxes: number): Promise<Buffer> {
  for (;;) {
    const response = await fetchBytes(url, false);
    if (response.toString('latin1').split('\nkata_sandbox_created_seconds{').length > sandboxes) {
      return response;
    }
  }
}

async function measureInTurns(
  monitor: ProcessUnderTest,
  url: string,
  floor: ProcessUnderTest,
  { sandboxes, answerBytes, scrapes }: { sandboxes: number; answerBytes: number; scrapes: number },
): Promise<ScrapeResult> {
  const floorUrl = `http://127.0.0.1:${floor.readyLine}/`;
  const gzipBytes = (await fetchBytes(url, true)).length;
  for (let i = 0; i < Math.min(scrapes, MAX_WARM_UPS); i++) {
    await drain(url, true);
    await drain(floorUrl, true);
  }
  const gzip = new CostMeter(monitor);
  const floorGzip = new CostMeter(floor);
  const identity = new CostMeter(monitor);
  for (let i = 0; i < scrapes; i++) {
    await gzip.measure(() => drain(url, true));
    await floorGzip.measure(() => drain(floorUrl, true));
  }
  const peakMiB = monitor.peakMiB();
  for (let i = 0; i < scrapes; i++) {
    await identity.measure(() => drain(url, false));
  }
  return {
    sandboxes,
    answerBytes,
    gzipBytes,
    identity: identity.result(),
    gzip: gzip.result(),
    floorGzip: floorGzip.result(),
    peakMiB,
    floorPeakMiB: floor.peakMiB(),
  };
}

/** Collects wall and CPU time of one kind of scrape of one program. */
export class CostMeter {
  readonly #program: ProcessUnderTest;
  readonly #wallMs: number[] = [];
  #cpuMs = 0;

  constructor(program: ProcessUnderTest) {
    this.#program = program;
  }

  async measure(scrape: () => Promise<void>): Promise<void> {
    const cpuMs = this.#program.cpuMs();
    const startMs = performance.now();
    await scrape();
    this.#wallMs.push(performance.now() - startMs);
    this.#cpuMs += this.#program.cpuMs() - cpuMs;
  }

  result(): ScrapeCost {
    const sorted = this.#wallMs.toSorted((a, b) => a - b);
    return { wallMs: sorted[sorted.length >> 1]!, cpuMs: this.#cpuMs / sorted.length };
  }
}

/** The body as it came, compressed or not. */
export async function fetchBytes(url: string, isGzip: boolean): Promise<Buffer> {
  return Buffer.concat(await (await requestScrape(url, { isGzip })).toArray());
}

export async function drain(url: string, isGzip: boolean): Promise<void> {
  const response = await requestScrape(url, { isGzip });
  response.resume();
  await once(response, 'end');
}
