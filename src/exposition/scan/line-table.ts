/**
 * The sample lines of a scanned body: the offsets of the series and the value of each line, in growing Int32Arrays,
 * without an object for each line. Every line is `name{labels} value[ timestamp]` with single blanks; other spellings are
 * rewritten, in bytes that are appended to the body.
 */

import { canonicalizeValue } from '../format/number.ts';
import { viewOf } from '../format/words.ts';
import { OFFSETS_PER_PAIR, splitLabels } from './label-pairs.ts';
import { type FamilyHead, INTS_PER_LINE, type LineTables, type ScannedFamily, valueStartOf } from './scanned-body.ts';

const INITIAL_LINES = 1024;

/** Offsets of the parts of a sample line; `SampleScanner` finds them. */
interface SampleParts {
  readonly braceOpen: number;
  readonly braceClose: number;
  readonly labelCount: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly timestampStart: number;
  readonly end: number;
}

/** Collects lines while a body is scanned. */
export class LineTable {
  readonly #body: Buffer;
  #series: Int32Array;
  #values: Int32Array;
  #count = 0;
  readonly #rewritten: Buffer[] = [];
  #rewrittenBytes = 0;
  /** Offset of each rewritten line in the body, by its number. */
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
  addRewritten(start: number, nameEnd: number, sample: SampleParts): void {
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

  /** Returns the offset of a line in the body, rewritten or not. */
  originOf(line: number): number {
    return this.#origins.get(line) ?? this.#series[line * INTS_PER_LINE]!;
  }

  /** Returns the lines. None can be added afterwards. */
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

/** Knows lines of other bodies, and finds them in this one. */
export interface LineSource {
  /** The family that is expected next. */
  readonly nextFamily: ScannedFamily | undefined;
  /** Whether HELP and TYPE of a family are at `start`. */
  isAt(start: number, head: FamilyHead): boolean;
  /** Tells the source that the next samples are expected to be those of `family`, one of its families. */
  follow(family: ScannedFamily): void;
  /** Looks for a family of this body by its name: it is not the one that was expected. */
  find(family: ScannedFamily): void;
  /** Another family has begun. */
  leave(): void;
  /**
   * Notes in `target` the lines from `start` on that are known, at most `maxLines`, as long as their values are good.
   * Returns the offset after them, or 0 when the first is not known.
   */
  takeSamples(start: number, target: LineTable, maxLines: number): number;
}
