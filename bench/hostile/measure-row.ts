/**
 * Measures one row: its own monitor over the row's sandboxes and two healthy ones, scraped a few times.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { startMonitor } from '../monitor-under-test.ts';
import { ProcessUnderTest } from '../process-under-test.ts';
import { makeSandboxIds } from '../sandbox-ids.ts';
import type { LoopBlock } from './loop-probe.ts';
import { MemoryCgroup, type MemoryUse } from './memory-cgroup.ts';
import { acceptOf, type HostileRow } from './row.ts';

export interface RowResult {
  /** The longest time that the event loop was blocked, from the first scrape on, in CPU time of its thread. */
  readonly blockedMs: number;
  /** The longest response time of /healthz meanwhile. */
  readonly healthzMs: number;
  /** CPU time of all scrapes but the first, by scrape. */
  readonly cpuMs: number;
  /** Wall time of the last scrape. */
  readonly lastMs: number;
  readonly peakMiB: number;
  /** After the scrapes, and after the sandboxes are gone where the row says so. */
  readonly residentMiB: number;
  /** Sandboxes that are up in the last response. */
  readonly up: number;
  /** Of the cgroup of the monitor, if it has its own. */
  readonly cgroup: MemoryUse | undefined;
}

export interface MeasureOptions {
  /** Default: those of the row, else 1. */
  readonly sandboxes?: number;
  /** Limit of a memory cgroup that the monitor runs in. Default: none. */
  readonly memoryMaxMiB?: number | undefined;
}

const HEALTHY_SANDBOXES = 2;
const DEFAULT_SCRAPES = 3;
const HEALTH_PAUSE_MS = 5;

/** Without a row, the same node with healthy sandboxes only. */
export async function measureRow(
  row: HostileRow | undefined,
  { sandboxes = row?.sandboxes ?? 1, memoryMaxMiB }: MeasureOptions = {},
): Promise<RowResult> {
  const cgroup = memoryMaxMiB === undefined ? undefined : new MemoryCgroup(`kata-hostile-${process.pid}`, memoryMaxMiB);
  try {
    return await measureIn(cgroup, row, sandboxes);
  } finally {
    cgroup?.remove();
  }
}

async function measureIn(
  cgroup: MemoryCgroup | undefined,
  row: HostileRow | undefined,
  sandboxes: number,
): Promise<RowResult> {
  const folder = mkdtempSync(join(tmpdir(), 'kz-'));
  const root = join(folder, 's');
  const healthy = row === undefined ? HEALTHY_SANDBOXES + sandboxes : HEALTHY_SANDBOXES;
  const shims = await ProcessUnderTest.start(join(import.meta.dirname, 'shims.ts'), [
    root,
    row?.name ?? '-',
    String(healthy),
  ]);
  const probeSocket = join(folder, 'probe.sock');
  const probe = new URL(`loop-probe.ts?socket=${encodeURIComponent(probeSocket)}`, import.meta.url);
  const monitor = await startMonitor(root, {
    nodeOptions: ['--import', probe.href],
    shellCommand: cgroup?.shellCommand,
    flags: ['--scrape-timeout=5m', '--shim-timeout=30s', `--runtime-endpoint=${folder}/none.sock`],
  });
  try {
    await readBlock(probeSocket);
    const health = new HealthWatch(new URL('/healthz', monitor.url).href);
    let startCpuMs = 0;
    let last: Scraped = { text: Buffer.alloc(0), wallMs: 0 };
    const scrapes = row?.scrapes ?? DEFAULT_SCRAPES;
    for (let i = 0; i < scrapes; i++) {
      startCpuMs = i === 1 ? monitor.process.cpuMs() : startCpuMs;
      last = await scrape(monitor.url, acceptOf[row?.form ?? 'text']);
    }
    const cpuMs = (monitor.process.cpuMs() - startCpuMs) / (scrapes - 1);
    const healthzMs = await health.stop();
    const { cpuMs: blockedMs } = await readBlock(probeSocket);
    if (row?.isRemoved === true) {
      for (const id of makeSandboxIds(sandboxes)) {
        rmSync(join(root, id), { recursive: true });
      }
      await scrape(monitor.url, acceptOf.text);
    }
    // Says how many sandboxes are up, whatever form the row has.
    const { text } = await scrape(monitor.url, acceptOf.text);
    const up = text.toString('latin1').match(/^kata_sandbox_up\{.*\} 1$/gm)?.length ?? 0;
    const residentMiB = monitor.process.residentMiB();
    const peakMiB = monitor.process.peakMiB();
    const use = cgroup?.readUse();
    return { blockedMs, healthzMs, cpuMs, lastMs: last.wallMs, peakMiB, residentMiB, up, cgroup: use };
  } finally {
    await monitor.process.stop();
    await shims.stop();
    rmSync(folder, { recursive: true });
  }
}

interface Scraped {
  readonly text: Buffer;
  readonly wallMs: number;
}

async function scrape(url: string, accept: string): Promise<Scraped> {
  const startMs = performance.now();
  const [response] = (await once(get(url, { headers: { accept } }), 'response')) as [IncomingMessage];
  return { text: Buffer.concat(await response.toArray()), wallMs: performance.now() - startMs };
}

async function readBlock(socketPath: string): Promise<LoopBlock> {
  return (await json(connect(socketPath))) as LoopBlock;
}

/** Requests /healthz, one request after the other, until it is stopped. */
class HealthWatch {
  readonly #done: Promise<void>;
  #longestMs = 0;
  #isStopped = false;

  constructor(url: string) {
    this.#done = this.#run(url);
  }

  /** The longest response time. */
  async stop(): Promise<number> {
    this.#isStopped = true;
    await this.#done;
    return this.#longestMs;
  }

  async #run(url: string): Promise<void> {
    while (!this.#isStopped) {
      const { wallMs } = await scrape(url, '*/*');
      this.#longestMs = Math.max(this.#longestMs, wallMs);
      await pause(HEALTH_PAUSE_MS);
    }
  }
}
