/**
 * `npm run bench`: prints the cost of a scrape and of an RPC, with the machine and the date. Ratios are comparable between
 * machines; milliseconds are not. `-- --sandboxes 50,500` measures only these numbers, `-- --scrapes 5` fewer scrapes of each.
 * `-- --unresponsive 10%` sets the share of unresponsive sandboxes in the second table; 0 omits that table. `-- --whole-path 1,10`
 * sets the numbers of real sandboxes of the last table; 0 omits it.
 */
import { spawnSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { GZIP_LEVEL as gzipLevel } from '../src/monitor/answer/response-body.ts';
import { missingPackages } from '../test/support/requirements.ts';
import { buildPackage } from './build-package.ts';
import { readOptions } from './read-options.ts';
import { measureRpc } from './rpc.ts';
import { measureScrape, type ScrapeResult } from './scrape.ts';
import { measureSerialRpc } from './serial-rpc.ts';
import { measureUnresponsiveNode } from './unresponsive-node.ts';
import { toUnresponsiveRows, unresponsiveTableHead } from './unresponsive-table.ts';

/** Values that the design of the Kata Containers metrics publishes, on a Core i5-8500. */
const published = {
  answerBytes: (sandboxes: number) => `${9 + 135 * sandboxes} KB`,
  gzipBytes: (sandboxes: number) => `${2 + 8 * sandboxes} KB`,
  wallMs: 20,
  rpcMs: 3,
};

/** Each takes about 30 ms on an emulated CPU. */
const SERIAL_CALLS = 300;

const values = readOptions({
  sandboxes: { type: 'string', default: '1,2,10,50,200,500' },
  scrapes: { type: 'string', default: '20' },
  calls: { type: 'string', default: '2000' },
  unresponsive: { type: 'string', default: '10%' },
  'whole-path': { type: 'string', default: '1,10,50' },
});

const columns = [
  'sandboxes',
  'response, bytes',
  'gzip, bytes',
  'gzip per sandbox',
  'identity, ms',
  'gzip, ms',
  'wall / floor',
  'CPU of gzip, ms',
  'CPU / floor',
  'peak, MiB',
  'peak / floor',
  'design: response, gzip, ms',
];

buildPackage();
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, gzip level ${gzipLevel}\n\n`,
);
process.stdout.write(`| ${columns.join(' | ')} |\n|${columns.map(() => '---:').join('|')}|\n`);
for (const sandboxes of values.sandboxes.split(',').map(Number)) {
  const result = await measureScrape({ sandboxes, gzipLevel, scrapes: Number(values.scrapes) });
  process.stdout.write(`| ${toCells(result).join(' | ')} |\n`);
}
await printUnresponsive(readShare(values.unresponsive));
const rpc = await measureRpc({ calls: Number(values.calls) });
process.stdout.write(
  `\nGetMetrics of ${rpc.answerBytes.toLocaleString('en')} bytes over a unix socket: mean ${rpc.meanMs.toFixed(2)} ms, 99th percentile ${rpc.p99Ms.toFixed(2)} ms ` +
    `(design: ${published.rpcMs} ms)\n`,
);
await printSerialRpc();
printWholePath(values['whole-path']);

function printWholePath(sandboxes: string): void {
  if (sandboxes !== '0') {
    process.stdout.write('\nThe whole path: ');
    const script = join(import.meta.dirname, 'whole-path.ts');
    spawnSync(process.execPath, [script, '--sandboxes', sandboxes], { stdio: 'inherit' });
  }
}

async function printSerialRpc(): Promise<void> {
  if (missingPackages(['qemu-system-x86']).length > 0) {
    process.stdout.write('\nGetMetrics over virtio-serial: not measured, QEMU is not installed\n');
    return;
  }
  const { answerBytes, meanMs, p99Ms, checkMeanMs, bootMs } = await measureSerialRpc({ calls: SERIAL_CALLS });
  process.stdout.write(
    `\nGetMetrics of ${answerBytes.toLocaleString('en')} bytes over virtio-serial from a guest with an emulated CPU (TCG): ` +
      `mean ${meanMs.toFixed(1)} ms, 99th percentile ${p99Ms.toFixed(1)} ms; ` +
      `a call without metrics ${checkMeanMs.toFixed(1)} ms; first response ${(bootMs / 1000).toFixed(1)} s after QEMU's start\n`,
  );
}

/** The nodes of the table that are large enough, with a share of unresponsive sandboxes. */
async function printUnresponsive(share: number): Promise<void> {
  const nodes = values.sandboxes
    .split(',')
    .map((text) => ({ sandboxes: Number(text), unresponsive: Math.floor(Number(text) * share) }));
  const larger = nodes.filter(({ unresponsive }) => unresponsive > 0);
  if (larger.length > 0) {
    process.stdout.write(
      `\nThe same with unresponsive sandboxes, after a start of the monitor and later:\n\n${unresponsiveTableHead}`,
    );
  }
  for (const node of larger) {
    process.stdout.write(
      toUnresponsiveRows(await measureUnresponsiveNode({ ...node, starts: 3, scrapes: Number(values.scrapes) })),
    );
  }
}

/** `10%` as 0.1. */
function readShare(text: string): number {
  const percent = /^([0-9]{1,2}(?:\.[0-9]+)?)%?$/.exec(text)?.[1];
  if (percent === undefined) {
    throw new RangeError(`Option "--unresponsive" must be a percentage below 100, got "${text}"`);
  }
  return Number(percent) / 100;
}

function toCells({ sandboxes, answerBytes, gzipBytes, identity, gzip, floorGzip, ...memory }: ScrapeResult): string[] {
  return [
    String(sandboxes),
    answerBytes.toLocaleString('en'),
    gzipBytes.toLocaleString('en'),
    Math.round(gzipBytes / sandboxes).toLocaleString('en'),
    identity.wallMs.toFixed(1),
    gzip.wallMs.toFixed(1),
    (gzip.wallMs / floorGzip.wallMs).toFixed(2),
    gzip.cpuMs.toFixed(1),
    (gzip.cpuMs / floorGzip.cpuMs).toFixed(2),
    memory.peakMiB.toFixed(0),
    (memory.peakMiB / memory.floorPeakMiB).toFixed(2),
    `${published.answerBytes(sandboxes)}, ${published.gzipBytes(sandboxes)}, ${sandboxes <= 2 ? published.wallMs : '-'}`,
  ];
}
