/**
 * Finds the lines of a form in a body that differs from it. Comments and series were checked for the form, so where the
 * bytes are equal, only the value has to be checked. Called by the body scanner.
 */

import { findValueEnd } from '../format/number.ts';
import { isSameWords } from '../format/words.ts';
import type { LineSource, LineTable } from '../scan/line-table.ts';
import {
  type BodyForm,
  type FamilyHead,
  INTS_PER_LINE,
  type ScannedFamily,
  valueStartOf,
} from '../scan/scanned-body.ts';

/** How many lines of the form are tried before a line counts as unknown: some lines may be missing from this body. */
const LOOK_AHEAD_LINES = 4;

export class LineMatcher implements LineSource {
  readonly #bytes: Buffer;
  readonly #words: DataView;
  readonly #form: BodyForm;
  #indexOfFamily: Map<string, number> | undefined = undefined;
  #nextFamily = 0;
  /** The form's lines that are expected next. */
  #line = 0;
  #lineEnd = 0;

  constructor(bytes: Buffer, words: DataView, form: BodyForm) {
    this.#bytes = bytes;
    this.#words = words;
    this.#form = form;
  }

  get nextFamily(): ScannedFamily | undefined {
    return this.#form.families[this.#nextFamily];
  }

  isAt(start: number, head: FamilyHead): boolean {
    const end = start + head.end - head.start;
    return end <= this.#bytes.length && isSameWords(this.#words, start, end, this.#form.series.words, head.start);
  }

  follow(family: ScannedFamily): void {
    const segment = family.segments[0];
    this.#line = segment?.from ?? 0;
    this.#lineEnd = segment?.to ?? 0;
    this.#nextFamily++;
  }

  find({ name, type }: ScannedFamily): void {
    this.#indexOfFamily ??= new Map(this.#form.families.map((each, index) => [each.name, index]));
    const index = this.#indexOfFamily.get(name);
    const family = index === undefined ? undefined : this.#form.families[index];
    if (index !== undefined && family !== undefined && family.type === type) {
      this.#nextFamily = index;
      this.follow(family);
    }
  }

  leave(): void {
    this.#line = 0;
    this.#lineEnd = 0;
  }

  takeSamples(start: number, target: LineTable, maxLines: number): number {
    const { series } = this.#form;
    const last = Math.min(this.#lineEnd, this.#line + maxLines);
    let at = start;
    let line = this.#line;
    for (let missing = 0; line < last && missing < LOOK_AHEAD_LINES; line++) {
      const formStart = series.offsets[line * INTS_PER_LINE]!;
      const formInsertAt = series.offsets[line * INTS_PER_LINE + 1]!;
      // The blank before the value belongs to what has to be the same.
      const valueStart = at - formStart + valueStartOf(formInsertAt);
      const valueEnd = this.#matchLine(at, valueStart, formStart);
      if (valueEnd === 0) {
        missing++;
        continue;
      }
      target.add(at, formInsertAt < 0 ? ~(valueStart - 1) : valueStart - 2, valueEnd);
      at = valueEnd + 1;
      missing = 0;
      this.#line = line + 1;
    }
    return at === start ? 0 : at;
  }

  /** Returns where the value ends, or 0 when the series or the form of the value is another. */
  #matchLine(start: number, valueStart: number, formStart: number): number {
    const isSame =
      valueStart < this.#bytes.length &&
      isSameWords(this.#words, start, valueStart, this.#form.series.words, formStart);
    return isSame ? findValueEnd(this.#bytes, valueStart) : 0;
  }
}

/** Options of a body scanner that matches the lines of `form`; empty without a form. */
export function followForm(form: BodyForm | undefined): {
  readonly expectedLines: number | undefined;
  readonly makeSource: ((bytes: Buffer, words: DataView) => LineSource) | undefined;
} {
  return {
    expectedLines: form?.series.count,
    makeSource: form && ((bytes, words) => new LineMatcher(bytes, words, form)),
  };
}
