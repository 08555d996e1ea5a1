/**
 * The table of a healthy node and of the same one with unresponsive sandboxes, for docs/performance.md. Called by the report and by
 * bench/unresponsive.ts.
 */
import type { NodeTimes } from './unresponsive-node.ts';

const columns = [
  'sandboxes',
  'unresponsive',
  'first, ms',
  'second, ms',
  'later, ms',
  'CPU of later, ms',
  'later minus healthy, ms',
];

export const unresponsiveTableHead = `| ${columns.join(' | ')} |\n|${columns.map(() => '---:').join('|')}|\n`;

/** Two rows; times of several starts are their medians. */
export function toUnresponsiveRows([healthy, unresponsive]: readonly [NodeTimes, NodeTimes]): string {
  return [healthy, unresponsive]
    .map((times) => {
      const { sandboxes, firstMs, secondMs, later } = times;
      const moreMs = times === healthy ? '' : (later.wallMs - healthy.later.wallMs).toFixed(0);
      const cells = [sandboxes, times.unresponsive, medianOf(firstMs).toFixed(0), medianOf(secondMs).toFixed(0)];
      return `| ${[...cells, later.wallMs.toFixed(0), later.cpuMs.toFixed(0), moreMs].join(' | ')} |\n`;
    })
    .join('');
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
