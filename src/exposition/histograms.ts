/**
 * Whether histograms make sense: every one has its +Inf bucket and its count, every bucket says its bound, and none holds
 * less than one below it. What is found out about the lines of a body serves for all bodies that are like it: only their
 * values are looked at then.
 */
import { keyOfSeries, OFFSETS_PER_PAIR, splitLabels, unescapeLabelValue } from './label-pairs.ts';
import type { LineTable } from './line-table.ts';
import { parseValue } from './number.ts';
import { readNumber } from './read-number.ts';
import type { Scan, ScannedFamily } from './scanned-body.ts';

/** Line numbers of buckets, those of one histogram by rising bounds; `NEXT` in front of each histogram. */
type BucketOrder = Int32Array;

const NEXT = -1;

/** By the list of families that like bodies share. */
const knownOrders = new WeakMap<readonly ScannedFamily[], BucketOrder>();

/** Whether a histogram of the family is none; true for families of other types. `lines` is the table of its lines. */
export function isGoodHistogram(family: ScannedFamily, lines: LineTable): boolean {
  if (family.type !== 'histogram') {
    return true;
  }
  const order = orderBuckets(family, lines);
  return order !== undefined && areRising(lines, order);
}

/** Whether the values in `lines` are right for the histograms of `like`, whose lines are the same but for the values. */
export function haveRisingBuckets(lines: LineTable, like: Scan): boolean {
  let order = knownOrders.get(like.families);
  if (order === undefined) {
    // Families of a scan have been found good, so that there is an order for each.
    order = Int32Array.from(
      like.families.flatMap((family) => (family.type === 'histogram' ? (orderBuckets(family, like.lines) ?? []) : [])),
    );
    knownOrders.set(like.families, order);
  }
  return areRising(lines, order);
}

interface Bucket {
  readonly line: number;
  readonly bound: number;
}

interface Histogram {
  readonly buckets: Bucket[];
  hasCount: boolean;
}

/** Undefined when buckets or counts are missing, or a bound is none. */
function orderBuckets(family: ScannedFamily, lines: LineTable): number[] | undefined {
  const histograms = new Map<string, Histogram>();
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      const series = lines.seriesTextOf(line, 'latin1');
      const brace = series.indexOf('{');
      const nameEnd = brace < 0 ? series.length : brace;
      const histogram = findHistogram(histograms, series.slice(nameEnd));
      const suffix = series.slice(family.name.length, nameEnd);
      if (suffix === '_count') {
        histogram.hasCount = true;
      } else if (suffix === '_bucket') {
        histogram.buckets.push({ line, bound: boundOf(series, nameEnd) });
      }
    }
  }
  const order: number[] = [];
  for (const { buckets, hasCount } of histograms.values()) {
    buckets.sort((a, b) => a.bound - b.bound);
    if (
      !hasCount ||
      buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY ||
      buckets.some(({ bound }) => Number.isNaN(bound))
    ) {
      return undefined;
    }
    order.push(NEXT, ...buckets.map(({ line }) => line));
  }
  return order;
}

/** By the labels of a line, `{a="1"` or nothing; all lines of a histogram have the same but for `le`. */
function findHistogram(histograms: Map<string, Histogram>, labels: string): Histogram {
  const key = keyOfSeries(labels === '' ? '{' : labels, 'le');
  let histogram = histograms.get(key);
  if (histogram === undefined) {
    histogram = { buckets: [], hasCount: false };
    histograms.set(key, histogram);
  }
  return histogram;
}

/** NaN for a bucket that has none, or one that is not a number. */
function boundOf(series: string, nameEnd: number): number {
  const offsets = splitLabels(series, nameEnd + 1);
  for (let i = 0; i < offsets.length; i += OFFSETS_PER_PAIR) {
    if (series.slice(offsets[i], offsets[i + 1]) === 'le') {
      const text = unescapeLabelValue(series.slice(offsets[i + 2], offsets[i + 3])).trim();
      return text === '' ? Number.NaN : parseValue(text);
    }
  }
  return Number.NaN;
}

function areRising(lines: LineTable, order: BucketOrder | readonly number[]): boolean {
  let below = 0;
  // Not for-of, which would make an object for each: this runs over every body.
  for (let i = 0; i < order.length; i++) {
    const line = order[i]!;
    if (line === NEXT) {
      below = 0;
      continue;
    }
    const value = readNumber(lines, line);
    // Also false for NaN.
    if (!(value >= below)) {
      return false;
    }
    below = value;
  }
  return true;
}
