/**
 * Checks histograms and summaries. A histogram needs its +Inf bucket and its count. Every bucket needs an `le` that
 * readers can parse, no two buckets may have the same, and no bucket may have less than a lower one. Every quantile of a
 * summary needs its label. All samples of one histogram or summary must have the same timestamp. Everything except the
 * values of buckets belongs to the form of a body, and is checked once for it.
 */

import { classifyValue, parseValue } from '../format/number.ts';
import { keyOfSeries, OFFSETS_PER_PAIR, splitLabels } from './label-pairs.ts';
import {
  type LineTables,
  NEXT_HISTOGRAM,
  readNumber,
  type ScannedFamily,
  seriesText,
  type ValueTable,
  valueText,
} from './scanned-body.ts';

/** Lines that are looked at without a pause. */
const STEP_LINES = 512;

interface Bucket {
  readonly line: number;
  readonly bound: number;
}

interface Histogram {
  readonly buckets: Bucket[];
  hasCount: boolean;
  readonly timestamp: string;
}

/**
 * The part of `BodyForm.bucketOrder` that is the family's. Undefined for a family of histograms that is not good: buckets
 * or counts are missing, a bound is none or there twice, samples are of different times, or values fall.
 */
export function* orderBuckets(
  family: ScannedFamily,
  lines: LineTables,
): Generator<void, readonly number[] | undefined> {
  const histograms = new Map<string, Histogram>();
  let looked = 0;
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      if (++looked % STEP_LINES === 0) {
        yield;
      }
      const series = seriesText(lines.series, line, 'latin1');
      const brace = series.indexOf('{');
      const nameEnd = brace < 0 ? series.length : brace;
      const timestamp = timestampOf(lines.values, line);
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
    order.push(NEXT_HISTOGRAM);
    for (const { line } of buckets) {
      order.push(line);
    }
  }
  return haveRisingBuckets(lines.values, order) ? order : undefined;
}

/** Finds or adds the histogram of a line, by its labels without `le`. `labels`: `{a="1"` or empty. */
function findHistogram(histograms: Map<string, Histogram>, labels: string, timestamp: string): Histogram {
  const key = keyOfSeries(labels, 'le');
  let histogram = histograms.get(key);
  if (histogram === undefined) {
    histogram = { buckets: [], hasCount: false, timestamp };
    histograms.set(key, histogram);
  }
  return histogram;
}

/** Whether readers can parse the quantiles of a family of summaries, and each is there once. */
export function* isGoodSummary(family: ScannedFamily, lines: LineTables): Generator<void, boolean> {
  const timestamps = new Map<string, string>();
  const quantiles = new Set<string>();
  let looked = 0;
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      if (++looked % STEP_LINES === 0) {
        yield;
      }
      const series = seriesText(lines.series, line, 'latin1');
      const brace = series.indexOf('{');
      const nameEnd = brace < 0 ? series.length : brace;
      const summary = keyOfSeries(series.slice(nameEnd), 'quantile');
      const timestamp = timestampOf(lines.values, line);
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
function timestampOf(values: ValueTable, line: number): string {
  const text = valueText(values, line);
  const blank = text.indexOf(' ');
  return blank < 0 ? '' : text.slice(blank + 1);
}

/** Whether no bucket holds less than the one before it in its histogram. */
export function haveRisingBuckets(values: ValueTable, order: Int32Array | readonly number[]): boolean {
  let below = 0;
  // No for-of, which would create an object for each bucket: this runs for every body.
  for (let i = 0; i < order.length; i++) {
    const line = order[i]!;
    if (line === NEXT_HISTOGRAM) {
      below = 0;
      continue;
    }
    const value = readNumber(values, line);
    // Also false for NaN.
    if (!(value >= below)) {
      return false;
    }
    below = value;
  }
  return true;
}
