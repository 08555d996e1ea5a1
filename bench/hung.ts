/**
 * `node bench/hung.ts`: measures what one unresponsive sandbox in 50 costs a scrape, and compares it with its limits: the first
 * scrape at most 3.5 s, the second at most 300 ms more than that of a healthy node. Exits with 1 above a limit.
 * `--sandboxes 50 --hung 1 --starts 5 --scrapes 40` are the defaults.
 */
import { parseArgs } from 'node:util';
import { measureHungNode } from './hung-node.ts';
import { hungTableHead, medianOf, toHungRows } from './hung-table.ts';

const MAX_FIRST_MS = 3500;
const MAX_MORE_MS = 300;

const { values } = parseArgs({
  options: {
    sandboxes: { type: 'string', default: '50' },
    hung: { type: 'string', default: '1' },
    starts: { type: 'string', default: '5' },
    scrapes: { type: 'string', default: '40' },
  },
});

const [healthy, hung] = await measureHungNode({
  sandboxes: Number(values.sandboxes),
  hung: Number(values.hung),
  starts: Number(values.starts),
  scrapes: Number(values.scrapes),
});
const firstMs = Math.max(...hung.firstMs);
const moreMs = medianOf(hung.secondMs) - medianOf(healthy.secondMs);
process.stdout.write(hungTableHead + toHungRows([healthy, hung]));
process.stdout.write(
  `\nFirst scrape with an unresponsive sandbox, the longest of ${hung.firstMs.length}: ${firstMs.toFixed(0)} ms, at most ${MAX_FIRST_MS}\n` +
    `Second scrape minus that of the healthy node, medians: ${moreMs.toFixed(0)} ms, at most ${MAX_MORE_MS}\n`,
);
process.exitCode = firstMs <= MAX_FIRST_MS && moreMs <= MAX_MORE_MS ? 0 : 1;
