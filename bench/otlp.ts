/**
 * What pushing over OTLP costs the monitor: CPU time and memory beside scrapes of /metrics (gzip) at the same interval.
 * `node bench/otlp.ts --sandboxes 500 --seconds 60`: each row has its own monitor, and is measured for that time, in one run.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startMonitor } from './monitor-under-test.ts';
import { readMemoryMiB } from './process-meter.ts';
import { drain } from './scrape.ts';
import { bodyPath, startShims } from './shims-under-test.ts';

const INTERVAL_MS = 5000;
/** Until forms are known and the optimizing compiler is done. */
const WARM_UP_MS = 10_000;

const { values } = parseArgs({
  options: {
    sandboxes: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    body: { type: 'string', default: bodyPath },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'kb-'));
const root = join(folder, 's');
const shims = await startShims(root, Number(values.sandboxes), values);
let bytes = 0;
const endpoint = createServer((request, response) => {
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => response.end());
}).listen(0, '127.0.0.1');
await once(endpoint, 'listening');

async function measure(name: string, isScraped: boolean, flags: readonly string[]): Promise<void> {
  const { process: monitor, url } = await startMonitor(root, {
    flags: [`--runtime-endpoint=${folder}/none.sock`, '--shim-timeout=30s', '--scrape-timeout=1m', ...flags],
  });
  const run = async (forMs: number): Promise<void> => {
    const startMs = performance.now();
    for (let nextMs = startMs; nextMs < startMs + forMs; nextMs += INTERVAL_MS) {
      await wait(Math.max(0, nextMs - performance.now()));
      if (isScraped) {
        await drain(url, true);
      }
    }
    await wait(Math.max(0, startMs + forMs - performance.now()));
  };
  await run(WARM_UP_MS);
  bytes = 0;
  const startCpuMs = monitor.cpuMs();
  const forMs = 1000 * Number(values.seconds);
  await run(forMs);
  const perRound = (monitor.cpuMs() - startCpuMs) / (forMs / INTERVAL_MS);
  const { anonymous } = readMemoryMiB(monitor.pid);
  const cells = [name, perRound.toFixed(0), (bytes / 1024 / (forMs / INTERVAL_MS)).toFixed(0), anonymous.toFixed(0)];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
  await monitor.stop();
}

try {
  const { port } = endpoint.address() as AddressInfo;
  const push = [`--otlp.endpoint=http://127.0.0.1:${port}`, `--otlp.interval=${INTERVAL_MS}ms`];
  process.stdout.write(`${values.sandboxes} sandboxes, every ${INTERVAL_MS / 1000} s, ${values.seconds} s each\n\n`);
  process.stdout.write('| load | CPU, ms each time | KiB sent | anonymous, MiB |\n|---|---:|---:|---:|\n');
  for (const profile of ['full', 'minimal']) {
    await measure(`scrape, ${profile}`, true, [`--metrics.profile=${profile}`]);
    await measure(`OTLP, ${profile}`, false, [`--metrics.profile=${profile}`, ...push]);
  }
} finally {
  endpoint.close();
  endpoint.closeAllConnections();
  await shims.stop();
  rmSync(folder, { recursive: true });
}
