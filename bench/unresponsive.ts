/**
 * `node bench/unresponsive.ts`: measures what one unresponsive sandbox in 50 costs a scrape, and compares it with its limits: the first
 * scrape at most 3.5 s, the second at most 300 ms more than that of a healthy node. Exits with 1 above a limit.
 * `--sandboxes 50 --unresponsive 1 --starts 5 --scrapes 40` are the defaults.
 */

import { readOptions } from './read-options.ts';
import { measureUnresponsiveNode } from './unresponsive-node.ts';
import { medianOf, toUnresponsiveRows, unresponsiveTableHead } from './unresponsive-table.ts';

const MAX_FIRST_MS = 3500;
const MAX_MORE_MS = 300;

const values = readOptions({
  sandboxes: { type: 'string', default: '50' },
  unresponsive: { type: 'string', default: '1' },
  starts: { type: 'string', default: '5' },
  scrapes: { type: 'string', default: '40' },
});

const [healthy, unresponsive] = await measureUnresponsiveNode({
  sandboxes: Number(values.sandboxes),
  unresponsive: Number(values.unresponsive),
  starts: Number(values.starts),
  scrapes: Number(values.scrapes),
});
const firstMs = Math.max(...unresponsive.firstMs);
const moreMs = medianOf(unresponsive.secondMs) - medianOf(healthy.secondMs);
process.stdout.write(unresponsiveTableHead + toUnresponsiveRows([healthy, unresponsive]));
process.stdout.write(
  `\nFirst scrape with an unresponsive sandbox, the longest of ${unresponsive.firstMs.length}: ${firstMs.toFixed(0)} ms, at most ${MAX_FIRST_MS}\n` +
    `Second scrape minus that of the healthy node, medians: ${moreMs.toFixed(0)} ms, at most ${MAX_MORE_MS}\n`,
);
process.exitCode = firstMs <= MAX_FIRST_MS && moreMs <= MAX_MORE_MS ? 0 : 1;
