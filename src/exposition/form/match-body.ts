/**
 * Scans a body that has all the lines of a form and no others, like most bodies of a shim at the next scrape. Only the
 * values are kept: a tenth of the body. docs/scanner.md explains why that is sound.
 */
import { isUtf8 } from 'node:buffer';
import { LF } from '../format/characters.ts';
import { findValueEnd } from '../format/number.ts';
import { isSameWords, viewOf } from '../format/words.ts';
import { haveRisingBuckets } from '../scan/histograms.ts';
import { type BodyForm, INTS_PER_LINE, type Segment, type ValueTable, valueStartOf } from '../scan/scanned-body.ts';
import { ValueSlabs } from './value-slabs.ts';

/** Lines that are matched without a pause. */
const STEP_LINES = 2048;

/** The line of a family whose head has not been matched. */
const NOT_BEGUN = -1;

/** Slabs for callers without their own. */
const commonSlabs = new ValueSlabs();

/** The values of `body`, or undefined when it does not have the form in every line. They do not refer to `body`. */
export function* matchBody(body: Buffer, form: BodyForm, slabs = commonSlabs): Generator<void, ValueTable | undefined> {
  if (form.valueBytes === undefined || body[body.length - 1] !== LF || !isUtf8(body)) {
    return undefined;
  }
  const valueBytes = body.length - form.series.body.length + form.valueBytes;
  if (valueBytes < form.series.count) {
    return undefined;
  }
  const matcher = new BodyMatcher(body, form, slabs.take(form.series.count, valueBytes), valueBytes);
  return yield* matcher.run();
}

class BodyMatcher {
  readonly #body: Buffer;
  readonly #words: DataView;
  readonly #form: BodyForm;
  readonly #values: ValueTable;
  readonly #valueBytes: number;
  /** Offset at which the next line must start. */
  #at = 0;
  /** Offset of the next value in the slab. */
  #to = 0;
  /** The family that is matched next, and its next line. */
  #family = 0;
  #line = NOT_BEGUN;

  constructor(body: Buffer, form: BodyForm, values: ValueTable, valueBytes: number) {
    this.#body = body;
    this.#words = viewOf(body);
    this.#form = form;
    this.#values = values;
    this.#valueBytes = valueBytes;
  }

  *run(): Generator<void, ValueTable | undefined> {
    const { bucketOrder, families } = this.#form;
    while (this.#family < families.length) {
      if (!this.#matchStep()) {
        return undefined;
      }
      // Most bodies are one step: they make no pause.
      if (this.#family < families.length) {
        yield;
      }
    }
    const isMatch = this.#at === this.#body.length && haveRisingBuckets(this.#values, bucketOrder);
    return isMatch ? this.#values : undefined;
  }

  /** Matches the next families, about `STEP_LINES` lines of them; a long one is continued in the next step. */
  #matchStep(): boolean {
    const body = this.#body;
    const words = this.#words;
    const valueBytes = this.#valueBytes;
    const { families } = this.#form;
    const { words: formWords, offsets: series } = this.#form.series;
    const { bytes: values, offsets } = this.#values;
    let at = this.#at;
    let valueTo = this.#to;
    let family = this.#family;
    let line = this.#line;
    let left = STEP_LINES;
    for (; left > 0 && family < families.length; family++) {
      const { head, segments } = families[family]!;
      const { from, to } = segments[0] ?? NO_LINES;
      if (line < 0) {
        const headEnd = at + head!.end - head!.start;
        if (headEnd > body.length || !isSameWords(words, at, headEnd, formWords, head!.start)) {
          return false;
        }
        at = headEnd;
        line = from;
      }
      const end = Math.min(to, line + left);
      for (let i = line * INTS_PER_LINE; i < end * INTS_PER_LINE; i += INTS_PER_LINE) {
        const formStart = series[i]!;
        // The blank before the value belongs to what has to be the same.
        const valueStart = at - formStart + valueStartOf(series[i + 1]!);
        if (valueStart >= body.length || !isSameWords(words, at, valueStart, formWords, formStart)) {
          return false;
        }
        const valueEnd = findValueEnd(body, valueStart);
        // As long as lines are those of the form, no value can be longer than the space that is left.
        if (valueEnd === 0 || valueEnd - valueStart > valueBytes - valueTo) {
          return false;
        }
        offsets[i] = valueTo;
        for (let byte = valueStart; byte < valueEnd; byte++) {
          values[valueTo++] = body[byte]!;
        }
        offsets[i + 1] = valueTo;
        at = valueEnd + 1;
      }
      left -= end - line;
      if (end < to) {
        line = end;
        break;
      }
      line = NOT_BEGUN;
      left--;
    }
    this.#at = at;
    this.#to = valueTo;
    this.#family = family;
    this.#line = line;
    return true;
  }
}
const NO_LINES: Segment = { from: 0, to: 0 };
