/**
 * `node bench/hostile.ts`: measures what expensive inputs cost a monitor, one row per input. `-- --only <words>` measures the rows
 * whose name has these words. `-- --cgroup` runs each monitor in a memory cgroup with the limit of the systemd unit (root).
 * Exits with 1 when a row is over its limit.
 */
import { cpus, totalmem } from 'node:os';
import { measureRow, type RowResult } from './hostile/measure-row.ts';
import { rows } from './hostile/rows.ts';
import { readOptions } from './read-options.ts';

const MAX_BLOCKED_MS = 50;
/** How much later than a healthy node's a response may be. */
const MAX_LATER_MS = 700;
/** MemoryMax of the systemd unit. */
const MAX_PEAK_MIB = 512;

const values = readOptions({ only: { type: 'string', default: '' }, cgroup: { type: 'boolean', default: false } });
const memoryMaxMiB = values.cgroup ? MAX_PEAK_MIB : undefined;

const columns = [
  'input',
  'loop blocked, ms',
  '/healthz, ms',
  'CPU a scrape, ms',
  'last scrape, ms',
  'later than healthy, ms',
  'peak, MiB',
  'at the end, MiB',
  'up',
  ...(values.cgroup ? ['peak of the cgroup, MiB', 'limit hits', 'OOM kills'] : []),
  'over the limit',
];
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}\n\n` +
    `| ${columns.join(' | ')} |\n|---|${'---:|'.repeat(columns.length - 1)}\n`,
);

/** By the number of sandboxes. */
const healthyNodes = new Map<number, RowResult>();
let over = 0;
for (const row of rows.filter(({ name }) => name.includes(values.only))) {
  const sandboxes = row.sandboxes ?? 1;
  const known = healthyNodes.get(sandboxes);
  const healthy = known ?? (await measureRow(undefined, { sandboxes, memoryMaxMiB }));
  if (known === undefined) {
    healthyNodes.set(sandboxes, healthy);
    print(`healthy, ${sandboxes + 2} sandboxes`, healthy, healthy);
  }
  over += print(row.name, await measureRow(row, { memoryMaxMiB }), healthy) ? 1 : 0;
}
process.stdout.write(`\n${over} over the limit\n`);
process.exitCode = over > 0 ? 1 : 0;

/** Whether a limit is exceeded. */
function print(name: string, result: RowResult, healthy: RowResult): boolean {
  const laterMs = result.lastMs - healthy.lastMs;
  const exceeded = [
    ...(result.blockedMs > MAX_BLOCKED_MS ? ['blocked'] : []),
    ...(laterMs > MAX_LATER_MS ? ['late'] : []),
    ...(result.peakMiB > MAX_PEAK_MIB || (result.cgroup?.oomKills ?? 0) > 0 ? ['memory'] : []),
  ];
  const { blockedMs, healthzMs, cpuMs, lastMs, peakMiB, residentMiB, up, cgroup } = result;
  const ofCgroup = cgroup === undefined ? [] : [cgroup.peakMiB, cgroup.limitHits, cgroup.oomKills];
  const measured = [blockedMs, healthzMs, cpuMs, lastMs, laterMs, peakMiB, residentMiB, up, ...ofCgroup].map((value) =>
    value.toFixed(0),
  );
  process.stdout.write(`| ${[name, ...measured, exceeded.join(', ') || '-'].join(' | ')} |\n`);
  return exceeded.length > 0;
}
