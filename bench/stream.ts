/**
 * What the page costs the monitor: CPU time while clients read /api/v1/stream, beside scrapes of /metrics at the same
 * interval. `node bench/stream.ts --sandboxes 500 --seconds 60`: each row is measured for that time, in one run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startMonitor } from './monitor-under-test.ts';
import { readOptions } from './read-options.ts';
import { drain } from './scrape.ts';
import { bodyPath, startShims } from './shims-under-test.ts';

/** That of the stream. */
const INTERVAL_MS = 2000;
/** Until forms are known and the optimizing compiler is done. */
const WARM_UP_MS = 15_000;

const values = readOptions({
  sandboxes: { type: 'string', default: '500' },
  seconds: { type: 'string', default: '60' },
  body: { type: 'string', default: bodyPath },
});

/** Reads the stream as a page does; the returned function closes the connection. */
function openStream(url: string): { readonly close: () => void; readonly bytes: () => number } {
  let bytes = 0;
  const request = get(url, (response) => {
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    // The end of the connection is what closing it is for.
    response.on('error', () => undefined);
  });
  request.on('error', () => undefined);
  return { close: () => request.destroy(), bytes: () => bytes };
}

const folder = mkdtempSync(join(tmpdir(), 'kb-'));
const root = join(folder, 's');
const shims = await startShims(root, Number(values.sandboxes), values);
const { process: monitor, url } = await startMonitor(root, {
  flags: [`--runtime-endpoint=${folder}/none.sock`, '--shim-timeout=30s', '--scrape-timeout=1m'],
});
const streamUrl = url.replace('/metrics', '/api/v1/stream');

async function measure(name: string, streams: number, isScraped: boolean, forMs: number): Promise<void> {
  const opened = Array.from({ length: streams }, () => openStream(streamUrl));
  const untilMs = performance.now() + forMs;
  const startCpuMs = monitor.cpuMs();
  const startMs = performance.now();
  for (let nextMs = startMs; nextMs < untilMs; nextMs += INTERVAL_MS) {
    await wait(Math.max(0, nextMs - performance.now()));
    if (isScraped) {
      await drain(url, true);
    }
  }
  await wait(Math.max(0, untilMs - performance.now()));
  const percent = (100 * (monitor.cpuMs() - startCpuMs)) / (performance.now() - startMs);
  const perSecond = opened.reduce((sum, { bytes }) => sum + bytes(), 0) / (forMs / 1000) / Math.max(1, streams);
  for (const { close } of opened) {
    close();
  }
  if (name !== '') {
    const cells = [name, percent.toFixed(1), (perSecond / 1024).toFixed(0), monitor.residentMiB().toFixed(0)];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}

try {
  const forMs = 1000 * Number(values.seconds);
  await measure('', 1, true, WARM_UP_MS);
  process.stdout.write(`${values.sandboxes} sandboxes, every ${INTERVAL_MS / 1000} s, ${values.seconds} s each\n\n`);
  process.stdout.write('| load | CPU, % of a core | KiB/s per stream | resident, MiB |\n|---|---:|---:|---:|\n');
  await measure('none', 0, false, forMs);
  await measure('scrape /metrics', 0, true, forMs);
  await measure('1 stream', 1, false, forMs);
  await measure('10 streams', 10, false, forMs);
  await measure('scrape /metrics, 1 stream', 1, true, forMs);
} finally {
  await monitor.stop();
  await shims.stop();
  rmSync(folder, { recursive: true });
}
