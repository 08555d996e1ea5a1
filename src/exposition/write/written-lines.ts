/**
 * The lines of a family, in their order, as the last sources had them: where they are in the output. The next source mostly has the
 * same ones.
 */
import { crcOfBytes, type ZeroBytes, zeroBytes } from '../deflate/crc32.ts';
import { isSameWords } from '../format/words.ts';
import { INTS_PER_LINE, type SeriesTable } from '../scan/scanned-body.ts';

export const NOT_FOUND = -1;

/** 50 bytes each. */
const MAX_LINES = 4096;
const INITIAL_LINES = 256;
/** A line is searched so far from the one that is expected. */
const MAX_SKIPPED = 4;
/** When a larger share of the lines of a source was not found, the lines of the next source replace all. */
const TOLERATED_SHARE = 1 / 16;
const NEWLINE_CRC = crcOfBytes(0, Buffer.from('\n'), 0, 1);

export class WrittenLines {
  readonly #maxLines: number;
  #count = 0;
  /** Whether the present source is the first one. */
  #isNew = true;
  /** The one that is expected next. */
  #next = 0;
  #found = 0;
  #notFound = 0;
  readonly #series: SeriesTable[] = [];
  /** Number of the line in its series. */
  lines = new Int32Array(INITIAL_LINES);
  /** Where the line is, and from there its value. */
  at = new Int32Array(INITIAL_LINES);
  valueOffsets = new Int32Array(INITIAL_LINES);
  /** Number of the source that had it last, and of the line there. */
  sources = new Int32Array(INITIAL_LINES);
  oldLines = new Int32Array(INITIAL_LINES);
  /** Zero bytes of the length of the line feed, the prefix and the series; `crcs` has the CRC-32 of these three. */
  readonly zeros: ZeroBytes[] = [];
  crcs = new Int32Array(INITIAL_LINES);
  /** What the series has in common with the one before: bytes from the beginning, and other ones from the end. */
  first = new Int32Array(INITIAL_LINES);
  last = new Int32Array(INITIAL_LINES);

  /** `maxLines`: how many are remembered. */
  constructor(maxLines = MAX_LINES) {
    this.#maxLines = maxLines;
  }

  clear(): void {
    this.#count = 0;
    this.#isNew = true;
  }

  /** The lines that follow are those of the next source. */
  beginSource(): void {
    if (!this.#isNew && this.#notFound > this.#found * TOLERATED_SHARE) {
      this.#count = 0;
    }
    this.#isNew = this.#count === 0;
    this.#next = 0;
    this.#found = 0;
    this.#notFound = 0;
  }

  /** The number of a line with the same series, or `NOT_FOUND`. */
  find(series: SeriesTable, line: number, start: number, end: number): number {
    const next = this.#next;
    if (next < this.#count && this.#series[next] === series && this.lines[next] === line) {
      this.#next = next + 1;
      this.#found++;
      return next;
    }
    return this.#search(series, line, start, end);
  }

  #search(series: SeriesTable, line: number, start: number, end: number): number {
    const until = Math.min(this.#count, this.#next + MAX_SKIPPED);
    for (let i = this.#next; i < until; i++) {
      if (this.#isSame(i, series, start, end)) {
        this.#series[i] = series;
        this.lines[i] = line;
        this.#next = i + 1;
        this.#found++;
        return i;
      }
    }
    this.#notFound++;
    return NOT_FOUND;
  }

  /** Adds a line that was not found, where it comes after all others. Returns its number, or `NOT_FOUND`. */
  add(series: SeriesTable, line: number, prefix: Uint8Array): number {
    const number = this.#count;
    if (this.#next < number || number === this.#maxLines) {
      return NOT_FOUND;
    }
    if (number === this.lines.length) {
      this.#grow();
    }
    this.#series[number] = series;
    this.lines[number] = line;
    this.#learn(number, prefix);
    this.#count++;
    this.#next++;
    return number;
  }

  #learn(number: number, prefix: Uint8Array): void {
    const series = this.#series[number]!;
    const start = startOf(series, this.lines[number]!);
    const end = endOf(series, this.lines[number]!);
    const prefixCrc = crcOfBytes(NEWLINE_CRC, prefix, 0, prefix.length);
    this.crcs[number] = crcOfBytes(prefixCrc, series.body, start, end);
    this.zeros[number] = zeroBytes(1 + prefix.length + end - start);
    let first = 0;
    let last = 0;
    if (number > 0) {
      const before = this.#series[number - 1]!;
      const oldStart = startOf(before, this.lines[number - 1]!);
      const oldEnd = endOf(before, this.lines[number - 1]!);
      const most = Math.min(end - start, oldEnd - oldStart);
      while (first < most && series.body[start + first] === before.body[oldStart + first]) {
        first++;
      }
      while (last < most - first && series.body[end - 1 - last] === before.body[oldEnd - 1 - last]) {
        last++;
      }
    }
    this.first[number] = first;
    this.last[number] = last;
  }

  #isSame(number: number, series: SeriesTable, start: number, end: number): boolean {
    const old = this.#series[number]!;
    const oldStart = startOf(old, this.lines[number]!);
    const length = endOf(old, this.lines[number]!) - oldStart;
    return length === end - start && isSameWords(series.words, start, end, old.words, oldStart);
  }

  #grow(): void {
    this.lines = grown(this.lines);
    this.at = grown(this.at);
    this.valueOffsets = grown(this.valueOffsets);
    this.sources = grown(this.sources);
    this.oldLines = grown(this.oldLines);
    this.crcs = grown(this.crcs);
    this.first = grown(this.first);
    this.last = grown(this.last);
  }
}

function grown(old: Int32Array): Int32Array<ArrayBuffer> {
  const array = new Int32Array(2 * old.length);
  array.set(old);
  return array;
}

function startOf({ offsets }: SeriesTable, line: number): number {
  return offsets[line * INTS_PER_LINE]!;
}

function endOf({ offsets }: SeriesTable, line: number): number {
  const insertAt = offsets[line * INTS_PER_LINE + 1]!;
  return insertAt < 0 ? ~insertAt : insertAt;
}
