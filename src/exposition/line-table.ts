/**
 * The sample lines of one scanned body: three offsets a line in one growing Int32Array, no object a line. Every line in
 * it reads `name{labels} value[ timestamp]` with single blanks; one that did not is kept rewritten, in a second buffer.
 */
import { canonicalizeValue } from './number.ts';
import type { SampleScanner } from './sample-scanner.ts';
import { viewOf } from './words.ts';

/** Ints of a line in `LineTable.offsets`: start, insertAt, end. */
export const INTS_PER_LINE = 3;
const INITIAL_LINES = 1024;

export class LineTable {
  /** The scanned body. */
  readonly body: Buffer;
  /** The same bytes, to be read by words. */
  readonly words: DataView;
  #offsets: Int32Array;
  #count = 0;
  #rewritten: Buffer[] = [];

  /** `expectedLines` saves memory or growth where it is known. */
  constructor(body: Buffer, expectedLines = INITIAL_LINES) {
    this.body = body;
    this.words = viewOf(body);
    this.#offsets = new Int32Array((expectedLines + 1) * INTS_PER_LINE);
  }

  get count(): number {
    return this.#count;
  }

  /** For hot loops: `INTS_PER_LINE` ints a line, as `add` takes them; a negative start means a rewritten line. */
  get offsets(): Int32Array {
    return this.#offsets;
  }

  /** Room for `lines` in all, to be filled from `offsets` by the caller, who then has them counted. */
  fill(lines: number): void {
    this.#count = lines;
  }

  /**
   * Notes a line that can be copied from the body.
   * @param insertAt offset of the closing brace; where there are no braces, the complement (`~`) of where they would be
   */
  add(start: number, insertAt: number, end: number): void {
    const at = this.#count++ * INTS_PER_LINE;
    if (at === this.#offsets.length) {
      this.#grow();
    }
    const offsets = this.#offsets;
    offsets[at] = start;
    offsets[at + 1] = insertAt;
    offsets[at + 2] = end;
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#offsets.length);
    larger.set(this.#offsets);
    this.#offsets = larger;
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
  }

  /** Whether line `index` is not in the body as it is here. */
  isRewritten(index: number): boolean {
    return this.#offsets[index * INTS_PER_LINE]! < 0;
  }

  /** The buffer that line `index` is in. */
  bufferOf(index: number): Buffer {
    const start = this.#offsets[index * INTS_PER_LINE]!;
    return start >= 0 ? this.body : this.#rewritten[~start]!;
  }

  startOf(index: number): number {
    return Math.max(0, this.#offsets[index * INTS_PER_LINE]!);
  }

  insertAtOf(index: number): number {
    return this.#offsets[index * INTS_PER_LINE + 1]!;
  }

  endOf(index: number): number {
    return this.#offsets[index * INTS_PER_LINE + 2]!;
  }

  /** The line as text, for everything but the hot path. */
  textOf(index: number): string {
    return this.bufferOf(index).toString('utf8', this.startOf(index), this.endOf(index));
  }
}

/** Label pairs without blanks around names and values and without a comma at the end. */
function normalizeLabels(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  const pairs = text.match(/[a-zA-Z_][a-zA-Z0-9_]*[ \t]*=[ \t]*"(?:\\.|[^"\\])*"/g) ?? [];
  return pairs.map((pair) => pair.replace(/^([a-zA-Z0-9_]+)[ \t]*=[ \t]*/, '$1=')).join(',');
}
