/**
 * The lines of histograms and summaries in the order that OpenMetrics wants, and without what it forbids. Strict readers
 * compare integers with all their digits, and so does this.
 */
import { parseValue } from '../format/number.ts';
import { suffixAt } from '../format/suffixes.ts';
import { keyOfSeries, OFFSETS_PER_PAIR, splitLabels } from '../scan/label-pairs.ts';
import {
  addLine,
  type LineTables,
  type ScannedFamily,
  type Segment,
  seriesStart,
  seriesText,
  type ValueTable,
  valueText,
} from '../scan/scanned-body.ts';

export interface OrderedLines {
  /** The lines in the order in which they are written. */
  readonly kept: readonly Segment[];
  /** The lines that OpenMetrics cannot express. */
  readonly left: readonly Segment[];
}

/** One histogram or summary: lines that are alike in all labels but the bound. */
interface Group {
  readonly bounded: { readonly line: number; readonly bound: number }[];
  sum: number | undefined;
  count: number | undefined;
}

/**
 * Buckets by rising bounds, then sum and count: both or none, none beside negative bounds, a sum that is neither NaN nor
 * negative, a count that is the +Inf bucket. A histogram whose buckets are no whole numbers is left out.
 */
export function fitHistogram(family: ScannedFamily, lines: LineTables): OrderedLines {
  const kept: Segment[] = [];
  const left: Segment[] = [];
  for (const { bounded, sum, count } of groupLines(family, lines, 'le')) {
    bounded.sort((a, b) => a.bound - b.bound);
    const counts = bounded.map(({ line }) => readInteger(lines.values, line));
    const isGood = counts.every((each, i) => each !== undefined && each >= (counts[i - 1] ?? 0n));
    for (const { line } of bounded) {
      addLine(isGood ? kept : left, line);
    }
    const isWhole =
      isGood &&
      sum !== undefined &&
      count !== undefined &&
      readValue(lines.values, sum) >= 0 &&
      !(bounded[0]!.bound < 0) &&
      readInteger(lines.values, count) === counts.at(-1);
    for (const line of [sum, count]) {
      if (line !== undefined) {
        addLine(isWhole ? kept : left, line);
      }
    }
  }
  return { kept, left };
}

/** Quantiles from 0 to 1 whose values are not negative, a sum that is neither NaN nor negative, a whole count. */
export function fitSummary(family: ScannedFamily, lines: LineTables): OrderedLines {
  const kept: Segment[] = [];
  const left: Segment[] = [];
  for (const { bounded, sum, count } of groupLines(family, lines, 'quantile')) {
    for (const { line, bound } of bounded) {
      const isGood = bound >= 0 && bound <= 1 && !(readValue(lines.values, line) < 0);
      addLine(isGood ? kept : left, line);
    }
    if (sum !== undefined) {
      addLine(readValue(lines.values, sum) >= 0 ? kept : left, sum);
    }
    if (count !== undefined) {
      addLine((readInteger(lines.values, count) ?? -1n) >= 0n ? kept : left, count);
    }
  }
  return { kept, left };
}

function groupLines(
  { name, segments }: ScannedFamily,
  { series: table }: LineTables,
  boundLabel: string,
): Iterable<Group> {
  const groups = new Map<string, Group>();
  for (const { from, to } of segments) {
    for (let line = from; line < to; line++) {
      const series = seriesText(table, line, 'latin1');
      const suffix = suffixAt(table.body, seriesStart(table, line) + name.length);
      const labelsAt = name.length + suffix.length;
      const key = keyOfSeries(series.slice(labelsAt), boundLabel);
      let group = groups.get(key);
      if (group === undefined) {
        group = { bounded: [], sum: undefined, count: undefined };
        groups.set(key, group);
      }
      if (suffix === '_sum') {
        group.sum = line;
      } else if (suffix === '_count') {
        group.count = line;
      } else {
        group.bounded.push({ line, bound: boundOf(series, labelsAt, boundLabel) });
      }
    }
  }
  return groups.values();
}

/** The scanner has found it to be there, and a number. */
function boundOf(series: string, labelsAt: number, boundLabel: string): number {
  const offsets = splitLabels(series, labelsAt + 1);
  for (let i = 0; i < offsets.length; i += OFFSETS_PER_PAIR) {
    if (series.slice(offsets[i], offsets[i + 1]) === boundLabel) {
      return parseValue(series.slice(offsets[i + 2], offsets[i + 3]));
    }
  }
  return Number.NaN;
}

function valueDigitsOf(values: ValueTable, line: number): string {
  return valueText(values, line).split(' ', 1)[0]!;
}

function readValue(values: ValueTable, line: number): number {
  return parseValue(valueDigitsOf(values, line));
}

/** Undefined for a value that is not whole. */
function readInteger(values: ValueTable, line: number): bigint | undefined {
  const text = valueDigitsOf(values, line);
  if (/^-?[0-9]+$/.test(text)) {
    return BigInt(text);
  }
  const value = parseValue(text);
  return Number.isInteger(value) ? BigInt(value) : undefined;
}
