/**
 * What pushing over OTLP costs the monitor: CPU time and memory beside scrapes of /metrics (gzip) at the same interval.
 * `node bench/otlp.ts --sandboxes 500 --seconds 60`: each row has its own monitor; all are measured at the same time.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildPackage } from './build-package.ts';
import { type MonitorUnderTest, startMonitor } from './monitor-under-test.ts';
import { readMemoryMiB } from './process-meter.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import { readOptions } from './read-options.ts';
import { drain } from './scrape.ts';
import { bodyPath, startShims } from './shims-under-test.ts';

const INTERVAL_MS = 5000;
/** Until forms are known and the optimizing compiler is done. */
const WARM_UP_MS = 10_000;

const values = readOptions({
  sandboxes: { type: 'string', default: '500' },
  seconds: { type: 'string', default: '60' },
  body: { type: 'string', default: bodyPath },
});

buildPackage();
const folder = mkdtempSync(join(tmpdir(), 'kb-'));
const root = join(folder, 's');
const shims = await startShims(root, Number(values.sandboxes), values);
/** Received, by profile. */
const bytes = new Map<string, number>();
const endpoint = createServer((request, response) => {
  request.on('data', (chunk: Buffer) => {
    const profile = request.url?.split('/')[1] ?? '';
    bytes.set(profile, (bytes.get(profile) ?? 0) + chunk.length);
  });
  request.on('end', () => response.end());
}).listen(0, '127.0.0.1');
await once(endpoint, 'listening');

interface Load {
  readonly name: string;
  readonly profile: string;
  readonly isPushed: boolean;
}

async function startLoad({ profile, isPushed }: Load): Promise<MonitorUnderTest> {
  const { port } = endpoint.address() as AddressInfo;
  const push = [`--otlp.endpoint=http://127.0.0.1:${port}/${profile}`, `--otlp.interval=${INTERVAL_MS}ms`];
  const limits = [`--runtime-endpoint=${folder}/none.sock`, '--shim-timeout=30s', '--scrape-timeout=1m'];
  return startMonitor(root, {
    program: 'built',
    flags: [`--metrics.profile=${profile}`, ...limits, ...(isPushed ? push : [])],
  });
}

/** All monitors at the same time, so that what else the machine does hits all alike. */
async function run(monitors: readonly { readonly load: Load; readonly url: string }[], forMs: number): Promise<void> {
  const startMs = performance.now();
  for (let nextMs = startMs; nextMs < startMs + forMs; nextMs += INTERVAL_MS) {
    await wait(Math.max(0, nextMs - performance.now()));
    for (const { load, url } of monitors) {
      if (!load.isPushed) {
        await drain(url, true);
      }
    }
  }
  await wait(Math.max(0, startMs + forMs - performance.now()));
}

const monitors: { readonly load: Load; readonly url: string; readonly process: ProcessUnderTest }[] = [];
try {
  for (const profile of ['full', 'minimal']) {
    for (const isPushed of [false, true]) {
      const load = { name: `${isPushed ? 'OTLP' : 'scrape'}, ${profile}`, profile, isPushed };
      monitors.push({ load, ...(await startLoad(load)) });
    }
  }
  await run(monitors, WARM_UP_MS);
  bytes.clear();
  const before = monitors.map(({ process }) => process.cpuMs());
  const forMs = 1000 * Number(values.seconds);
  await run(monitors, forMs);
  const rounds = forMs / INTERVAL_MS;
  const cpuMs = monitors.map(({ process }, i) => (process.cpuMs() - before[i]!) / rounds);
  process.stdout.write(`${values.sandboxes} sandboxes, every ${INTERVAL_MS / 1000} s, for ${values.seconds} s\n\n`);
  process.stdout.write(
    '| load | CPU, ms each time | / scrape | KiB sent | anonymous, MiB |\n|---|---:|---:|---:|---:|\n',
  );
  for (const [i, { load, process: monitor }] of monitors.entries()) {
    const { anonymous } = readMemoryMiB(monitor.pid);
    const scrapeMs = cpuMs[load.isPushed ? i - 1 : i]!;
    const sent = load.isPushed ? ((bytes.get(load.profile) ?? 0) / 1024 / rounds).toFixed(0) : '-';
    const cells = [load.name, cpuMs[i]!.toFixed(0), (cpuMs[i]! / scrapeMs).toFixed(2), sent, anonymous.toFixed(0)];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
} finally {
  await Promise.all(monitors.map(({ process: monitor }) => monitor.stop()));
  endpoint.close();
  endpoint.closeAllConnections();
  await shims.stop();
  rmSync(folder, { recursive: true });
}
