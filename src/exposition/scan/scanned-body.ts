/**
 * The result of scanning a body, and the rules of a scan. See docs/scanner.md.
 */
import { byteClass, DIGIT } from '../format/characters.ts';
import type { FamilyType } from '../format/family.ts';
import type { Fault, FaultReason, ScanLimits } from '../format/fault.ts';
import { parseValue } from '../format/number.ts';

/** Ints of a line in `SeriesTable.offsets` (start, insertAt), and in `ValueTable.offsets` (start, end). */
export const INTS_PER_LINE = 2;

/** The series of a body's lines. */
export interface SeriesTable {
  /** The body, and the rewritten lines after it. */
  readonly body: Buffer;
  /** The same bytes, to be read by words. */
  readonly words: DataView;
  /**
   * `INTS_PER_LINE` a line: where it starts, and the offset of its closing brace or, where it has no labels, the
   * complement (`~`) of where the braces would be. May be longer than `count` lines.
   */
  readonly offsets: Int32Array;
  readonly count: number;
}

/** The values of a body's lines, each with its timestamp, if it has one. */
export interface ValueTable {
  readonly bytes: Buffer;
  /** The same bytes, to be read by words. */
  readonly words: DataView;
  /** `INTS_PER_LINE` a line: start and end in `bytes`. May be longer than the lines are many. */
  readonly offsets: Int32Array;
}

export interface LineTables {
  readonly series: SeriesTable;
  readonly values: ValueTable;
}

/** Rules for every body of one collection, in addition to those of the format. */
export interface ScanRules extends ScanLimits {
  /** Label names that a body may not use; one that ends with `*` matches every name that begins with the rest. */
  readonly reservedLabels: readonly string[];
  /** The type of a family, by its name in the body, for samples that come without a TYPE line. Default: not known. */
  readonly typeOf?: (name: string) => FamilyType | undefined;
}

/** Nothing beyond what the format itself demands. */
export const formatRules: ScanRules = { reservedLabels: [] };

/** Sample lines of one family that stand together. */
export interface Segment {
  /** Number of the first line in `BodyForm.series`. */
  readonly from: number;
  /** Number of the line after the last. */
  readonly to: number;
}

/** A family of a scanned body. */
export interface ScannedFamily {
  readonly name: string;
  /** Undefined without a TYPE line. */
  readonly type: FamilyType | undefined;
  /** HELP text as it is in the body, with escapes; undefined without a HELP line. */
  readonly help: Buffer | undefined;
  /** Mostly one; none for a family without samples. */
  readonly segments: readonly Segment[];
  /** Its HELP and TYPE lines; undefined unless they are together, directly before the samples. */
  readonly head: FamilyHead | undefined;
}

/** Offsets of the HELP and TYPE lines of a family in `SeriesTable.body`. */
export interface FamilyHead {
  readonly start: number;
  readonly end: number;
  readonly lines: number;
}

/**
 * Everything of a body but its values. Bodies that differ in nothing else share one form, as an object: what is worked out
 * for a form holds for all scans that have it. Immutable; it keeps the body it was made from for as long as it is used.
 */
export interface BodyForm {
  /** Rules by which the body was scanned. */
  readonly rules: ScanRules;
  readonly series: SeriesTable;
  /** Families in the order of the body; only those that may be passed on. */
  readonly families: readonly ScannedFamily[];
  /** Samples in `families`; the lines of faulty families are in `series` too. */
  readonly sampleCount: number;
  /**
   * Line numbers of all buckets: those of one histogram by rising bounds, `NEXT_HISTOGRAM` before each histogram. Their
   * values must rise.
   */
  readonly bucketOrder: Int32Array;
  /**
   * Number of bytes of the body that are values and timestamps. Undefined if no other body can be matched as a whole,
   * because this body has faults, timestamps, or anything but heads and lines in their order.
   */
  readonly valueBytes: number | undefined;
  /** Whether any line has a timestamp: those are not written alike in every form of exposition. */
  readonly hasTimestamps: boolean;
}

/** Stands before the first bucket of each histogram in `BodyForm.bucketOrder`. */
export const NEXT_HISTOGRAM = -1;

/** Faults of a body. */
export interface Faults {
  /** The first ones, in the order of the body. */
  readonly described: readonly Fault[];
  /** Lines at fault, by reason, all of them counted. */
  readonly counts: ReadonlyMap<FaultReason, number>;
}

export const noFaults: Faults = { described: [], counts: new Map() };

export interface Scan {
  readonly form: BodyForm;
  readonly values: ValueTable;
  readonly faults: Faults;
}

/** The tables of a scan's lines. */
export function linesOf({ form, values }: Scan): LineTables {
  return { series: form.series, values };
}

/** Sum of all lines of a family, such as those of several interfaces; undefined without lines. */
export function sumValues({ values }: Scan, { segments }: ScannedFamily): number | undefined {
  let sum: number | undefined;
  for (const { from, to } of segments) {
    for (let line = from; line < to; line++) {
      sum = (sum ?? 0) + readNumber(values, line);
    }
  }
  return sum;
}

/** The same scan with only some of its families. `families` must be from its form. */
export function pickFamilies(form: BodyForm, families: readonly ScannedFamily[]): BodyForm {
  return { ...form, families, sampleCount: countAllSamples(families), valueBytes: undefined };
}

/** Number of the sample lines of a family. */
export function countSamples(family: ScannedFamily): number {
  return family.segments.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** Number of the sample lines of all families. */
export function countAllSamples(families: readonly ScannedFamily[]): number {
  return families.reduce((sum, family) => sum + countSamples(family), 0);
}

/** Adds a line after those of `segments`. */
export function addLine(segments: Segment[], line: number): void {
  const last = segments.at(-1);
  if (last?.to === line) {
    segments[segments.length - 1] = { from: last.from, to: line + 1 };
  } else {
    segments.push({ from: line, to: line + 1 });
  }
}

/** Offset of the value: after the closing brace, if there is one, and the blank. */
export function valueStartOf(insertAt: number): number {
  return insertAt < 0 ? ~insertAt + 1 : insertAt + 2;
}

/** Returns the offset of the series of a line. */
export function seriesStart({ offsets }: SeriesTable, line: number): number {
  return offsets[line * INTS_PER_LINE]!;
}

/** The offset of the line's closing brace; without labels the complement of where the braces would be. */
export function insertAtOf({ offsets }: SeriesTable, line: number): number {
  return offsets[line * INTS_PER_LINE + 1]!;
}

/** Name and labels of a line, without the closing brace: for everything but the hot path. */
export function seriesText(series: SeriesTable, line: number, encoding: 'utf8' | 'latin1' = 'utf8'): string {
  const insertAt = insertAtOf(series, line);
  return series.body.toString(encoding, seriesStart(series, line), insertAt < 0 ? ~insertAt : insertAt);
}

/** Value and timestamp of a line. */
export function valueText({ bytes, offsets }: ValueTable, line: number): string {
  return bytes.toString('latin1', offsets[line * INTS_PER_LINE], offsets[line * INTS_PER_LINE + 1]);
}

/** Every whole number of this number of digits is a double. */
const MAX_EXACT_DIGITS = 15;
/** Every power of ten up to this one is a double. */
const MAX_EXACT_POWER = 22;
const powersOfTen = Float64Array.from({ length: MAX_EXACT_POWER + 1 }, (_, power) => Number(`1e${power}`));
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const LETTER_E = 101;

/** The double that is nearest to the value of line `line`; NaN and infinities too. */
export function readNumber(values: ValueTable, line: number): number {
  const { bytes, offsets } = values;
  const start = offsets[line * INTS_PER_LINE]!;
  const end = offsets[line * INTS_PER_LINE + 1]!;
  const isNegative = bytes[start] === MINUS;
  let value = 0;
  let digits = 0;
  let power = 0;
  let hasDot = false;
  let at = isNegative ? start + 1 : start;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if ((byteClass[byte]! & DIGIT) !== 0) {
      value = value * 10 + byte - 48;
      digits++;
      power -= hasDot ? 1 : 0;
    } else if (byte === DOT && !hasDot) {
      hasDot = true;
    } else {
      break;
    }
  }
  const exponent = bytes[at] === LETTER_E && at < end ? readExponent(bytes, at + 1, end) : at === end ? 0 : undefined;
  if (exponent === undefined || digits === 0 || digits > MAX_EXACT_DIGITS) {
    return parseValue(valueText(values, line).split(' ', 1)[0]!);
  }
  power += exponent;
  if (Math.abs(power) > MAX_EXACT_POWER) {
    return parseValue(valueText(values, line).split(' ', 1)[0]!);
  }
  // Both are exact, so that one operation rounds to the nearest double.
  const size = power < 0 ? value / powersOfTen[-power]! : value * powersOfTen[power]!;
  return isNegative ? -size : size;
}

/** Undefined for one of more than two digits, or for anything else. */
function readExponent(bytes: Uint8Array, from: number, end: number): number | undefined {
  const isNegative = bytes[from] === MINUS;
  const start = isNegative || bytes[from] === PLUS ? from + 1 : from;
  let exponent = 0;
  for (let at = start; at < end; at++) {
    if ((byteClass[bytes[at]!]! & DIGIT) === 0) {
      return undefined;
    }
    exponent = exponent * 10 + bytes[at]! - 48;
  }
  return start < end && end - start <= 2 ? (isNegative ? -exponent : exponent) : undefined;
}

/** A line as text. */
export function lineText(series: SeriesTable, values: ValueTable, line: number): string {
  return `${seriesText(series, line)}${insertAtOf(series, line) < 0 ? '' : '}'} ${valueText(values, line)}`;
}
