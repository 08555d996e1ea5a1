/**
 * Prints whether the final values of short-lived sandboxes are complete: `node bench/last-words.ts [--sandboxes=1000]
 * [--program=source|built]`.
 *
 * Process sandboxes live 0.5 to 5 s and work for a part of it. The monitor is scraped every 15 s and killed with SIGKILL four
 * times. Compared are the sums of the final values with what each workload has read of itself (schedstat), and with the
 * cgroups that the bench has put each shim into. Then the memory that 1,000 final values take in the monitor, beside one
 * with --last-words=off.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leaveLastWords } from '../src/last-words/index.ts';
import { runShortLives } from '../test/support/short-lives.ts';
import { type MonitorUnderTest, startMonitor } from './monitor-under-test.ts';
import { readMemoryMiB } from './process-meter.ts';
import { readOptions } from './read-options.ts';

const values = readOptions({
  sandboxes: { type: 'string', default: '1000' },
  program: { type: 'string', default: 'source' },
  concurrency: { type: 'string', default: '8' },
  'cpu-share': { type: 'string', default: '0.15' },
  'scrape-interval': { type: 'string', default: '15' },
});
const count = Number(values.sandboxes);
/** Scrapes of both monitors before their memory is read. */
const SCRAPES = 40;
/** In the memory part; the limit of the monitor. */
const KEPT = 1000;

if (count > 0) {
  await measureLives();
}
await measureMemory();

async function measureLives(): Promise<void> {
  let nextReport = 0;
  let highestMiB = 0;
  let firstMiB = Number.NaN;
  const lives = await runShortLives({
    count,
    concurrency: Number(values.concurrency),
    lifetimeMs: [500, 5000],
    cpuShare: Number(values['cpu-share']),
    scrapeIntervalMs: Number(values['scrape-interval']) * 1000,
    killAt: [1, 2, 3, 4].map((part) => Math.round((count * part) / 5)),
    ...(values.program === 'built' && { commandOf }),
    onProgress: (ended, pid) => {
      const { anonymous } = readMemoryMiB(pid);
      firstMiB = Number.isNaN(firstMiB) ? anonymous : firstMiB;
      highestMiB = Math.max(highestMiB, anonymous);
      if (ended >= nextReport) {
        nextReport += Math.ceil(count / 10);
        process.stderr.write(`${ended} of ${count} sandboxes have ended, monitor ${anonymous.toFixed(1)} MiB\n`);
      }
    },
  });
  const { workload, host, totals } = lives;
  process.stdout.write(
    `${[
      `${count} sandboxes, ${lives.scrapes} scrapes, 4 times kill -9 of the monitor`,
      `lost: ${lives.lost.length}; with changed values: ${lives.changed.length}; in kata_ended_sandboxes_total: ${totals.count}`,
      `CPU of the workloads: ${compare(workload.known, workload.final)}; in the totals ${totals.cpuSeconds.toFixed(3)} s`,
      `CPU of the cgroups with the shims: ${compare(host.cgroups, host.final)}; in the totals ${totals.hostCpuSeconds.toFixed(3)} s`,
      `totals monotone: ${lives.isMonotone}`,
      `anonymous memory of the monitor: ${firstMiB.toFixed(1)} MiB at the first end, highest ${highestMiB.toFixed(1)} MiB`,
    ].join('\n')}\n`,
  );
}

/** After `npm run build`: the start of a shim takes an eighth of the CPU time. */
function commandOf(program: string): [string, string] {
  return [process.execPath, join(import.meta.dirname, `../dist/bin/${program}.js`)];
}

function compare(known: number, final: number): string {
  const percent = ((final - known) / known) * 100;
  return `known ${known.toFixed(3)} s, final ${final.toFixed(3)} s, ${percent >= 0 ? '+' : ''}${percent.toFixed(2)} %`;
}

/** Returns the bytes of the longest response. */
async function scrape(monitors: readonly { readonly monitor: MonitorUnderTest }[], program: string): Promise<number> {
  const texts = await Promise.all(
    monitors.map(async ({ monitor }) => (await fetch(monitor.url, { headers: { 'user-agent': program } })).text()),
  );
  return Math.max(...texts.map((text) => text.length));
}

/** The same sandboxes, all in the mailbox at once, which no scraper has read: the most that the monitor keeps. */
async function measureMemory(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'last-words-'));
  const roots = ['on', 'off'].map((choice) => {
    const root = join(folder, choice);
    mkdirSync(root);
    return { choice, root };
  });
  const monitors = await Promise.all(
    roots.map(async ({ choice, root }) => ({
      choice,
      root,
      monitor: await startMonitor(root, {
        flags: [`--last-words=${choice}`, `--runtime-endpoint=${folder}/none`],
        program: values.program === 'built' ? 'built' : 'source',
      }),
    })),
  );
  try {
    // A scraper that does not come again for some minutes: all are kept for it.
    await scrape(monitors, 'slow');
    const pod = { uid: '0d2c1f5e-2f0a-4c59-9f6e-6f1f5b1f0c11', name: 'job-'.padEnd(40, 'x'), namespace: 'team-a' };
    const now = Date.now();
    for (let i = 0; i < KEPT; i++) {
      leaveLastWords(roots[0]!.root, {
        sandboxId: randomBytes(32).toString('hex'),
        epoch: `e${i}`,
        reason: 'stopped',
        message: 'It was stopped by signal 9',
        startedMs: now - 2000,
        endedMs: now,
        pod,
        values: {
          cpuSeconds: 1.234567,
          hostCpuSeconds: 2.345678,
          memoryPeakBytes: 123_456_789,
          hostMemoryPeakBytes: 234_567_890,
          networkReceiveBytes: 1_234_567,
          networkTransmitBytes: 1_234_567,
          diskReadBytes: 12_345_678,
          diskWrittenBytes: 12_345_678,
        },
      });
    }
    let bytes = 0;
    for (let i = 0; i < SCRAPES; i++) {
      // Two scrapers, which read all of them in parts.
      bytes = Math.max(bytes, await scrape(monitors, `scraper ${i % 2}`));
    }
    const [on, off] = monitors.map(({ monitor }) => readMemoryMiB(monitor.process.pid).anonymous);
    process.stdout.write(
      `${KEPT} sandboxes kept, after ${SCRAPES} scrapes of two scrapers (at most ${(bytes / 1e6).toFixed(1)} MB): anonymous memory ${on!.toFixed(1)} MiB, with --last-words=off ${off!.toFixed(1)} MiB\n`,
    );
  } finally {
    await Promise.all(monitors.map(({ monitor }) => monitor.process.stop()));
    rmSync(folder, { recursive: true });
  }
}
