/**
 * Whether histograms and summaries make sense. A histogram has its +Inf bucket and its count, every bucket says its bound
 * as readers parse it, no two say the same, and none holds less than one below it. A summary's quantiles say which they
 * are. All samples of one are of the same time. What is found out about the lines of a body serves for all bodies that are like it: only their
 * values are looked at then.
 */

import { classifyValue, parseValue } from '../format/number.ts';
import { keyOfSeries, OFFSETS_PER_PAIR, splitLabels } from './label-pairs.ts';
import type { LineTable } from './line-table.ts';
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
  readonly timestamp: string;
}

/** Undefined when buckets or counts are missing, a bound is none or there twice, or samples are of different times. */
function orderBuckets(family: ScannedFamily, lines: LineTable): number[] | undefined {
  const histograms = new Map<string, Histogram>();
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      const series = lines.seriesTextOf(line, 'latin1');
      const brace = series.indexOf('{');
      const nameEnd = brace < 0 ? series.length : brace;
      const timestamp = timestampOf(lines, line);
      const histogram = findHistogram(histograms, series.slice(nameEnd), timestamp);
      const suffix = series.slice(family.name.length, nameEnd);
      const bound = findLabel(series, nameEnd, 'le');
      if (histogram.timestamp !== timestamp || (suffix !== '_bucket' && bound !== undefined)) {
        return undefined;
      }
      if (suffix === '_count') {
        histogram.hasCount = true;
      } else if (suffix === '_bucket') {
        histogram.buckets.push({ line, bound: parseBound(bound) });
      }
    }
  }
  const order: number[] = [];
  for (const { buckets, hasCount } of histograms.values()) {
    buckets.sort((a, b) => a.bound - b.bound);
    if (
      !hasCount ||
      buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY ||
      buckets.some(({ bound }, i) => Number.isNaN(bound) || bound === buckets[i - 1]?.bound)
    ) {
      return undefined;
    }
    order.push(NEXT, ...buckets.map(({ line }) => line));
  }
  return order;
}

/** By the labels of a line, `{a="1"` or nothing; all lines of a histogram have the same but for `le`. */
function findHistogram(histograms: Map<string, Histogram>, labels: string, timestamp: string): Histogram {
  const key = keyOfSeries(labels, 'le');
  let histogram = histograms.get(key);
  if (histogram === undefined) {
    histogram = { buckets: [], hasCount: false, timestamp };
    histograms.set(key, histogram);
  }
  return histogram;
}

/**
 * Whether the family is a summary whose quantiles readers can parse, each there once; true for families of other types.
 * Looks at series only: it holds for every body of the same form.
 */
export function isGoodSummary(family: ScannedFamily, lines: LineTable): boolean {
  if (family.type !== 'summary') {
    return true;
  }
  const timestamps = new Map<string, string>();
  const quantiles = new Set<string>();
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      const series = lines.seriesTextOf(line, 'latin1');
      const brace = series.indexOf('{');
      const nameEnd = brace < 0 ? series.length : brace;
      const summary = keyOfSeries(series.slice(nameEnd), 'quantile');
      const timestamp = timestampOf(lines, line);
      const label = findLabel(series, nameEnd, 'quantile');
      const isQuantile = nameEnd === family.name.length;
      const quantile = isQuantile ? parseBound(label) : undefined;
      const key = `${summary} ${quantile}`;
      if (
        (timestamps.get(summary) ?? timestamp) !== timestamp ||
        (isQuantile ? Number.isNaN(quantile) || quantiles.has(key) : label !== undefined)
      ) {
        return false;
      }
      timestamps.set(summary, timestamp);
      if (isQuantile) {
        quantiles.add(key);
      }
    }
  }
  return true;
}

/** The label's value as it stands between its quotes. */
function findLabel(series: string, nameEnd: number, name: string): string | undefined {
  const offsets = splitLabels(series, nameEnd + 1);
  for (let i = 0; i < offsets.length; i += OFFSETS_PER_PAIR) {
    if (series.slice(offsets[i], offsets[i + 1]) === name) {
      return series.slice(offsets[i + 2], offsets[i + 3]);
    }
  }
  return undefined;
}

/** The number that `le` or `quantile` says; NaN where it is missing, or not spelled so that every reader takes it. */
function parseBound(text: string | undefined): number {
  const form = text === undefined ? 'invalid' : classifyValue(Buffer.from(text, 'latin1'), 0, text.length);
  // Infinity has one spelling in OpenMetrics; other numbers have several.
  return form === 'invalid' || (form === 'other' && /[in]/i.test(text!)) ? Number.NaN : parseValue(text!);
}

/** Empty for a sample without one. */
function timestampOf(lines: LineTable, line: number): string {
  const text = lines.valueTextOf(line);
  const blank = text.indexOf(' ');
  return blank < 0 ? '' : text.slice(blank + 1);
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
