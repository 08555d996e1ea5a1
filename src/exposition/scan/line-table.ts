/**
 * The sample lines of a scanned body: where each one's series and its value are, in growing Int32Arrays, no object a
 * line. Every line reads `name{labels} value[ timestamp]` with single blanks; one that did not is rewritten, in bytes that
 * are put after the body's own.
 */

import { canonicalizeValue } from '../format/number.ts';
import { viewOf } from '../format/words.ts';
import { OFFSETS_PER_PAIR, splitLabels } from './label-pairs.ts';
import type { SampleScanner } from './sample-scanner.ts';

/** Ints of a line in `SeriesTable.offsets` (start, insertAt), and in `ValueTable.offsets` (start, end). */
export const INTS_PER_LINE = 2;
const INITIAL_LINES = 1024;

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

/** After the closing brace, where there is one, and the blank. */
export function valueStartOf(insertAt: number): number {
  return insertAt < 0 ? ~insertAt + 1 : insertAt + 2;
}

/** Where the series of a line starts. */
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

/** A line as text. */
export function lineText(series: SeriesTable, values: ValueTable, line: number): string {
  return `${seriesText(series, line)}${insertAtOf(series, line) < 0 ? '' : '}'} ${valueText(values, line)}`;
}

/** Collects lines while a body is scanned. */
export class LineTable {
  readonly #body: Buffer;
  #series: Int32Array;
  #values: Int32Array;
  #count = 0;
  readonly #rewritten: Buffer[] = [];
  #rewrittenBytes = 0;
  /** Where each rewritten line begins in the body, by its number. */
  readonly #origins = new Map<number, number>();

  /** `expectedLines` saves memory or growth where it is known. */
  constructor(body: Buffer, expectedLines = INITIAL_LINES) {
    this.#body = body;
    this.#series = new Int32Array((expectedLines + 1) * INTS_PER_LINE);
    this.#values = new Int32Array((expectedLines + 1) * INTS_PER_LINE);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Notes a line that can be copied from the body.
   * @param insertAt offset of the closing brace; where there are no braces, the complement of where they would be
   */
  add(start: number, insertAt: number, end: number): void {
    const at = this.#count++ * INTS_PER_LINE;
    if (at === this.#series.length) {
      this.#series = grown(this.#series);
      this.#values = grown(this.#values);
    }
    this.#series[at] = start;
    this.#series[at + 1] = insertAt;
    this.#values[at] = valueStartOf(insertAt);
    this.#values[at + 1] = end;
  }

  /** Notes a line that is right but spelled in another way: it is kept as the one way that everything else reads. */
  addRewritten(start: number, nameEnd: number, sample: SampleScanner): void {
    const body = this.#body;
    const name = body.toString('utf8', start, nameEnd);
    const labels = sample.labelCount === 0 ? '' : normalizeLabels(body, sample.braceOpen + 1, sample.braceClose);
    const value = canonicalizeValue(body.toString('latin1', sample.valueStart, sample.valueEnd));
    const timestamp = sample.timestampStart < 0 ? '' : ` ${body.toString('latin1', sample.timestampStart, sample.end)}`;
    const tail = ` ${value}${timestamp}\n`;
    const line = Buffer.from(`${name}${labels === '' ? '' : `{${labels}}`}${tail}`);
    const from = body.length + this.#rewrittenBytes;
    const labelsEnd = from + line.length - tail.length;
    this.#origins.set(this.#count, start);
    this.add(from, labels === '' ? ~labelsEnd : labelsEnd - 1, from + line.length - 1);
    this.#rewritten.push(line);
    this.#rewrittenBytes += line.length;
  }

  /** Where a line begins in the body, rewritten or not. */
  originOf(line: number): number {
    return this.#origins.get(line) ?? this.#series[line * INTS_PER_LINE]!;
  }

  /** What has been collected. Nothing can be added after it. */
  close(): LineTables {
    const body = this.#rewritten.length === 0 ? this.#body : Buffer.concat([this.#body, ...this.#rewritten]);
    const words = viewOf(body);
    return {
      series: { body, words, offsets: this.#series, count: this.#count },
      values: { bytes: body, words, offsets: this.#values },
    };
  }
}

function grown(offsets: Int32Array): Int32Array {
  const larger = new Int32Array(2 * offsets.length);
  larger.set(offsets);
  return larger;
}

/** Label pairs without blanks around names and values and without a comma at the end. */
function normalizeLabels(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  const offsets = splitLabels(text, 0);
  let pairs = '';
  for (let i = 0; i < offsets.length; i += OFFSETS_PER_PAIR) {
    const name = text.slice(offsets[i], offsets[i + 1]);
    pairs += `${i === 0 ? '' : ','}${name}="${text.slice(offsets[i + 2], offsets[i + 3])}"`;
  }
  return pairs;
}
