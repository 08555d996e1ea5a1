/**
 * Finds in a body the lines of one that was scanned before. What a comment or a series looks like has been checked
 * there, so where the bytes are the same only the value is left to check: most of the cost of a scrape is saved here.
 */
import { byteClass, DIGIT, LF } from './characters.ts';
import type { LineTable } from './line-table.ts';
import { classifyValue } from './number.ts';
import type { OpenFamily } from './open-family.ts';
import type { Scan } from './scan.ts';
import { isSameWords } from './words.ts';

/** How many lines of the twin are tried before a line counts as unknown: some lines may be missing from this body. */
const LOOK_AHEAD_LINES = 4;

export class TwinBody {
  /** Of the last match: offset as in `LineTable.add`, and the end of the value. */
  insertAt = 0;
  valueEnd = 0;

  readonly #bytes: Buffer;
  readonly #like: Scan;
  readonly #words: DataView;
  readonly #likeWords: DataView;
  #indexOfFamily: Map<string, number> | undefined = undefined;
  #nextFamily = 0;
  #line = 0;
  #lineEnd = 0;

  constructor(lines: LineTable, like: Scan) {
    this.#bytes = lines.body;
    this.#like = like;
    this.#words = lines.words;
    this.#likeWords = like.lines.words;
  }

  /** The family that the twin has next. */
  get family(): OpenFamily | undefined {
    return this.#like.families[this.#nextFamily];
  }

  /** Returns the offset behind the HELP and TYPE lines at `start` when they are those of `family`, else 0. */
  matchHead(start: number): number {
    const family = this.family;
    const isWhole = family !== undefined && family.headLines > 0 && family.headLines === family.commentLines;
    if (!isWhole || family.type !== family.statedType) {
      return 0;
    }
    const end = start + family.headEnd - family.headStart;
    return end <= this.#bytes.length && isSameWords(this.#words, start, end, this.#likeWords, family.headStart)
      ? end
      : 0;
  }

  /** From here on the samples are expected to be those of `family`, one of the twin's. */
  follow(family: OpenFamily): void {
    const segment = family.segments[0];
    this.#line = segment?.from ?? 0;
    this.#lineEnd = segment?.to ?? 0;
    this.#nextFamily++;
  }

  /** Looks for a family of this body by its name: the bodies have come apart. */
  find(family: OpenFamily): void {
    this.#indexOfFamily ??= new Map(this.#like.families.map((each, index) => [each.name, index]));
    const index = this.#indexOfFamily.get(family.name);
    const twin = index === undefined ? undefined : this.#like.families[index];
    if (index !== undefined && twin !== undefined && twin.type === family.type) {
      this.#nextFamily = index;
      this.follow(twin);
    }
  }

  /** Another family has begun. */
  leave(): void {
    this.#line = 0;
    this.#lineEnd = 0;
  }

  /** Whether the line at `start` is one that the twin has here, with a good value; sets `insertAt` and `valueEnd`. */
  matchSample(start: number): boolean {
    const last = Math.min(this.#lineEnd, this.#line + LOOK_AHEAD_LINES);
    for (let line = this.#line; line < last; line++) {
      if (this.#matchSeries(start, line)) {
        this.#line = line + 1;
        return true;
      }
    }
    return false;
  }

  #matchSeries(start: number, line: number): boolean {
    const { lines } = this.#like;
    if (lines.isRewritten(line)) {
      return false;
    }
    const likeStart = lines.startOf(line);
    const likeInsertAt = lines.insertAtOf(line);
    // The blank in front of the value belongs to what has to be the same.
    const seriesLength = (likeInsertAt < 0 ? ~likeInsertAt + 1 : likeInsertAt + 2) - likeStart;
    const valueStart = start + seriesLength;
    const bytes = this.#bytes;
    if (valueStart >= bytes.length || !isSameWords(this.#words, start, valueStart, this.#likeWords, likeStart)) {
      return false;
    }
    let at = valueStart;
    while ((byteClass[bytes[at]!]! & DIGIT) !== 0) {
      at++;
    }
    if (bytes[at] !== LF) {
      at = bytes.indexOf(LF, at);
    }
    if (at === valueStart || classifyValue(bytes, valueStart, at) !== 'canonical') {
      return false;
    }
    this.insertAt = likeInsertAt < 0 ? ~(start + ~likeInsertAt - likeStart) : start + likeInsertAt - likeStart;
    this.valueEnd = at;
    return true;
  }
}
