/**
 * The soak: the real monitor over sandboxes that come and go, some unresponsive and some invalid, scraped each second by two clients,
 * of which one reads at a trickle. Memory, descriptors and sockets are looked at when all is quiet, after the warm-up and
 * at the end. Called by bench/soak.ts, and in short by test/system/soak.test.ts.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MonitorUnderTest, startMonitor } from '../monitor-under-test.ts';
import { AnswerChecker } from './answer-checker.ts';
import { HeapProbe, heapProbeOption } from './heap-probe.ts';
import { Population } from './population.ts';
import { type QuietLook, SoakRecord } from './soak-record.ts';
import { lookWhenQuiet, runStretch, SHIM_TIMEOUT_MS, showEveryFault } from './soak-run.ts';

export interface SoakOptions {
  readonly sandboxes: number;
  /** Before the first look at memory and descriptors. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Called each second of the warm-up and of the soak. */
  readonly onSecond?: (phase: 'warm-up' | 'soak', second: number, record: SoakRecord) => void;
}

export interface SoakResult {
  /** Of the warm-up, for its breaches. */
  readonly warmUp: SoakRecord;
  readonly soak: SoakRecord;
  readonly before: QuietLook;
  readonly after: QuietLook;
}

/** Of the sandboxes, that hang, and as many again that lie. */
const FAULTY_SHARE = 0.05;

export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  // The path of a socket has at most 107 bytes, and an id takes 64 of them.
  const folder = await mkdtemp(join(tmpdir(), 'ks-'));
  const root = join(folder, 's');
  const outside = join(folder, 'o');
  await Promise.all([mkdir(root), mkdir(outside)]);
  const population = new Population({ root, outside, sandboxes: options.sandboxes, faultyShare: FAULTY_SHARE });
  try {
    await population.fill();
    const monitor = await startMonitor(root, {
      flags: [`--shim-timeout=${SHIM_TIMEOUT_MS}ms`, `--runtime-endpoint=${join(folder, 'none.sock')}`],
      nodeOptions: [heapProbeOption],
    });
    try {
      return await soak(monitor, population, options);
    } finally {
      await monitor.process.stop();
    }
  } finally {
    await population.close();
    await rm(folder, { recursive: true });
  }
}

async function soak(monitor: MonitorUnderTest, population: Population, options: SoakOptions): Promise<SoakResult> {
  const { warmUpSeconds, seconds, onSecond } = options;
  const checker = new AnswerChecker();
  const heap = await HeapProbe.open(monitor.process.printed);
  try {
    const warmUp = new SoakRecord();
    const parts = { monitor, heap, population, checker };
    await showEveryFault({ ...parts, record: warmUp });
    await runStretch({ ...parts, record: warmUp }, warmUpSeconds, (second) => onSecond?.('warm-up', second, warmUp));
    const before = await lookWhenQuiet({ ...parts, record: warmUp });
    const record = new SoakRecord();
    await runStretch({ ...parts, record }, seconds, (second) => onSecond?.('soak', second, record));
    const after = await lookWhenQuiet({ ...parts, record });
    return { warmUp, soak: record, before, after };
  } finally {
    await heap.close();
    await checker.close();
  }
}
