/**
 * Whether histograms make sense: every one has its +Inf bucket and its count, every bucket says its bound, and none holds
 * less than one below it. What is found out about the lines of a body serves for all bodies that are like it: only their
 * values are looked at then.
 */
import type { LineTable } from './line-table.ts';
import { parseValue } from './number.ts';
import { readNumber } from './read-number.ts';
import { readSampleLine, type SampleLine } from './sample-line.ts';
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
      const sample = readSampleLine(lines, line);
      const histogram = findHistogram(histograms, sample);
      const suffix = sample.name.slice(family.name.length);
      if (suffix === '_count') {
        histogram.hasCount = true;
      } else if (suffix === '_bucket') {
        histogram.buckets.push({ line, bound: boundOf(sample) });
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

function findHistogram(histograms: Map<string, Histogram>, { labels }: SampleLine): Histogram {
  const key = JSON.stringify(labels.filter(([name]) => name !== 'le').sort(([a], [b]) => (a < b ? -1 : 1)));
  let histogram = histograms.get(key);
  if (histogram === undefined) {
    histogram = { buckets: [], hasCount: false };
    histograms.set(key, histogram);
  }
  return histogram;
}

/** NaN for a bucket that does not say it. */
function boundOf({ labels }: SampleLine): number {
  const text = labels.find(([name]) => name === 'le')?.[1]?.trim() ?? '';
  return text === '' ? Number.NaN : parseValue(text);
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
