/**
 * The sample lines of one scanned body: where each one's series and its value are, in growing Int32Arrays, no object a
 * line. Every line reads `name{labels} value[ timestamp]` with single blanks; one that did not is kept rewritten, in a
 * buffer of its own. Bodies that are alike but for their values share the series of one of them.
 */

import { canonicalizeValue } from '../format/number.ts';
import { viewOf } from '../format/words.ts';
import { OFFSETS_PER_PAIR, splitLabels } from './label-pairs.ts';
import type { SampleScanner } from './sample-scanner.ts';

/** Ints of a line in `LineTable.series` (start, insertAt), and in `LineTable.values` (start, end). */
export const INTS_PER_LINE = 2;
const INITIAL_LINES = 1024;

/** Where values are that do not stand in the body of their series. */
export interface ValueStore {
  readonly bytes: Buffer;
  readonly words: DataView;
  /** `INTS_PER_LINE` a line. */
  readonly offsets: Int32Array;
}

export class LineTable {
  /** What the series are in: the scanned body, or one that it is like. */
  readonly body: Buffer;
  /** The same bytes, to be read by words. */
  readonly words: DataView;
  /** The same for the values. */
  readonly valueWords: DataView;
  readonly #valueBytes: Buffer;
  #series: Int32Array;
  #values: Int32Array;
  #count = 0;
  #rewritten: Buffer[] = [];
  /** Where each of those begins in the body. */
  readonly #rewrittenFrom: number[] = [];

  private constructor(like: Pick<LineTable, 'body' | 'words' | 'series'>, values: ValueStore, count: number) {
    this.body = like.body;
    this.words = like.words;
    this.#series = like.series;
    this.#valueBytes = values.bytes;
    this.valueWords = values.words;
    this.#values = values.offsets;
    this.#count = count;
  }

  /** An empty table for lines of `body`; `expectedLines` saves memory or growth where it is known. */
  static of(body: Buffer, expectedLines = INITIAL_LINES): LineTable {
    const words = viewOf(body);
    const makeOffsets = (): Int32Array => new Int32Array((expectedLines + 1) * INTS_PER_LINE);
    return new LineTable({ body, words, series: makeOffsets() }, { bytes: body, words, offsets: makeOffsets() }, 0);
  }

  /** The lines of `like`, none of them rewritten, with other values. */
  static withValues(like: LineTable, values: ValueStore): LineTable {
    return new LineTable(like, values, like.count);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * For hot loops: of each line its start, negative for a rewritten one, and the offset of its closing brace or, where
   * there are no braces, the complement (`~`) of where they would be.
   */
  get series(): Int32Array {
    return this.#series;
  }

  /** For hot loops: of each line the start and the end of its value (with the timestamp, if any) in `valueWords`. */
  get values(): Int32Array {
    return this.#values;
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
    const name = this.body.toString('utf8', start, nameEnd);
    const labels = sample.labelCount === 0 ? '' : normalizeLabels(this.body, sample.braceOpen + 1, sample.braceClose);
    const value = canonicalizeValue(this.body.toString('latin1', sample.valueStart, sample.valueEnd));
    const timestamp =
      sample.timestampStart < 0 ? '' : ` ${this.body.toString('latin1', sample.timestampStart, sample.end)}`;
    const tail = ` ${value}${timestamp}`;
    const line = Buffer.from(`${name}${labels === '' ? '' : `{${labels}}`}${tail}`);
    const insertAt = line.length - tail.length;
    // The complement of the number stands for the rewritten line of that number: its start can never be an offset.
    this.add(~this.#rewritten.length, labels === '' ? ~insertAt : insertAt - 1, line.length);
    this.#rewritten.push(line);
    this.#rewrittenFrom.push(start);
  }

  /** Whether line `index` is not in the body as it is here. */
  isRewritten(index: number): boolean {
    return this.#series[index * INTS_PER_LINE]! < 0;
  }

  /** Where line `index` begins in the body, rewritten or not. */
  bodyOffsetOf(index: number): number {
    const start = this.#series[index * INTS_PER_LINE]!;
    return start >= 0 ? start : this.#rewrittenFrom[~start]!;
  }

  startOf(index: number): number {
    return Math.max(0, this.#series[index * INTS_PER_LINE]!);
  }

  insertAtOf(index: number): number {
    return this.#series[index * INTS_PER_LINE + 1]!;
  }

  /** The buffer that the series of line `index` is in, from `startOf` to `insertAtOf`. */
  seriesBytesOf(index: number): Buffer {
    const start = this.#series[index * INTS_PER_LINE]!;
    return start >= 0 ? this.body : this.#rewritten[~start]!;
  }

  /** The buffer that the value of line `index` is in, from `valueStartOf` to `valueEndOf`. */
  valueBytesOf(index: number): Buffer {
    const start = this.#series[index * INTS_PER_LINE]!;
    return start >= 0 ? this.#valueBytes : this.#rewritten[~start]!;
  }

  valueStartOf(index: number): number {
    return this.#values[index * INTS_PER_LINE]!;
  }

  valueEndOf(index: number): number {
    return this.#values[index * INTS_PER_LINE + 1]!;
  }

  /** Name and labels of the line, without the closing brace: for everything but the hot path. */
  seriesTextOf(index: number, encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const insertAt = this.insertAtOf(index);
    const end = insertAt < 0 ? ~insertAt : insertAt;
    return this.seriesBytesOf(index).toString(encoding, this.startOf(index), end);
  }

  /** Value and timestamp of the line. */
  valueTextOf(index: number): string {
    return this.valueBytesOf(index).toString('latin1', this.valueStartOf(index), this.valueEndOf(index));
  }

  /** The line as text. */
  textOf(index: number): string {
    return `${this.seriesTextOf(index)}${this.insertAtOf(index) < 0 ? '' : '}'} ${this.valueTextOf(index)}`;
  }
}

/** Behind the closing brace, where there is one, and the blank. */
export function valueStartOf(insertAt: number): number {
  return insertAt < 0 ? ~insertAt + 1 : insertAt + 2;
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
