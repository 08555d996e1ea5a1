/**
 * Finds in a body the lines of one that was scanned before. What a comment or a series looks like has been checked
 * there, so where the bytes are the same only the value is left to check: most of the cost of a scrape is saved here.
 */

import { findValueEnd } from '../format/number.ts';
import { isSameWords } from '../format/words.ts';
import { type LineTable, valueStartOf } from './line-table.ts';
import type { FamilyHead, Scan, ScannedFamily } from './scanned-body.ts';

/** How many lines of the twin are tried before a line counts as unknown: some lines may be missing from this body. */
const LOOK_AHEAD_LINES = 4;

export class TwinBody {
  readonly #bytes: Buffer;
  readonly #words: DataView;
  readonly #like: Scan;
  #indexOfFamily: Map<string, number> | undefined = undefined;
  #nextFamily = 0;
  /** The twin's lines that are expected next. */
  #line = 0;
  #lineEnd = 0;

  constructor(lines: LineTable, like: Scan) {
    this.#bytes = lines.body;
    this.#words = lines.words;
    this.#like = like;
  }

  /** The family that the twin has next. */
  get nextFamily(): ScannedFamily | undefined {
    return this.#like.families[this.#nextFamily];
  }

  /** Whether these lines of the twin stand at `start`. */
  isAt(start: number, head: FamilyHead): boolean {
    const end = start + head.end - head.start;
    return end <= this.#bytes.length && isSameWords(this.#words, start, end, this.#like.lines.words, head.start);
  }

  /** From here on the samples are expected to be those of `family`, one of the twin's. */
  follow(family: ScannedFamily): void {
    const segment = family.segments[0];
    this.#line = segment?.from ?? 0;
    this.#lineEnd = segment?.to ?? 0;
    this.#nextFamily++;
  }

  /** Looks for a family of this body by its name: the bodies have come apart. */
  find({ name, type }: ScannedFamily): void {
    this.#indexOfFamily ??= new Map(this.#like.families.map((each, index) => [each.name, index]));
    const index = this.#indexOfFamily.get(name);
    const twin = index === undefined ? undefined : this.#like.families[index];
    if (index !== undefined && twin !== undefined && twin.type === type) {
      this.#nextFamily = index;
      this.follow(twin);
    }
  }

  /** Another family has begun. */
  leave(): void {
    this.#line = 0;
    this.#lineEnd = 0;
  }

  /**
   * Notes in `target` the lines from `start` on that the twin has here, at most `maxLines`, as long as their values are
   * good. Returns the offset behind them, or 0 when the first is not known.
   */
  takeSamples(start: number, target: LineTable, maxLines: number): number {
    const { lines } = this.#like;
    const last = Math.min(this.#lineEnd, this.#line + maxLines);
    let at = start;
    let line = this.#line;
    for (let missing = 0; line < last && missing < LOOK_AHEAD_LINES; line++) {
      const likeStart = lines.startOf(line);
      const likeInsertAt = lines.insertAtOf(line);
      // The blank in front of the value belongs to what has to be the same.
      const valueStart = at - likeStart + valueStartOf(likeInsertAt);
      const valueEnd = lines.isRewritten(line) ? 0 : this.#matchLine(at, valueStart, likeStart, lines);
      if (valueEnd === 0) {
        missing++;
        continue;
      }
      target.add(at, likeInsertAt < 0 ? ~(valueStart - 1) : valueStart - 2, valueEnd);
      at = valueEnd + 1;
      missing = 0;
      this.#line = line + 1;
    }
    return at === start ? 0 : at;
  }

  /** Returns where the value ends, or 0 when the series or the form of the value is another. */
  #matchLine(start: number, valueStart: number, likeStart: number, like: LineTable): number {
    const isSame =
      valueStart < this.#bytes.length && isSameWords(this.#words, start, valueStart, like.words, likeStart);
    return isSame ? findValueEnd(this.#bytes, valueStart) : 0;
  }
}
