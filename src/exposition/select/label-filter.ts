/**
 * Selects samples of a family by their labels, from the bytes of a line that was not scanned. The bodies of a node have
 * the same series in the same order, so that a comparison with the last one usually suffices.
 */
import { ByteSet } from '../format/byte-set.ts';
import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  COMMA,
  EQUALS,
  isBlank,
  isSameBytes,
  QUOTE,
  skipBlanks,
} from '../format/characters.ts';
import { isSameWords, viewOf } from '../format/words.ts';

/** Values of a label: one of these, or any but these. A sample without the label has none of them. */
export type LabelValues = readonly string[] | { readonly not: readonly string[] };

/** Values that are selected, by the name of the label. */
export type LabelChoice = Readonly<Record<string, LabelValues>>;

interface Condition {
  readonly name: Buffer;
  readonly values: ByteSet;
  /** Whether the label has to be there, with one of the values. */
  readonly isDemanded: boolean;
}

/** The beginning of a line's labels that decides about the line. */
interface KnownLabels {
  readonly text: DataView;
  readonly isWanted: boolean;
}

/** Limit of remembered series of a family; an honest body has fewer. Decisions about the others are repeated each time. */
const MAX_KNOWN_SERIES = 1024;
const MAX_KNOWN_BYTES = 256;
/** How many series that are not in this body are passed over. */
const LOOK_AHEAD = 4;

export class LabelFilter {
  readonly #conditions: readonly Condition[];
  readonly #demands: number;
  /** Known labels in the order in which the body had them first. */
  readonly #known: KnownLabels[] = [];
  /** Which of them is expected. */
  #next = 0;
  /** End of the bytes that determined the last decision; 0 if it must not be remembered. */
  #decidedAt = 0;

  constructor(choice: LabelChoice) {
    this.#conditions = Object.entries(choice).map(([name, values]) => ({
      name: Buffer.from(name),
      values: new ByteSet('not' in values ? values.not : values),
      isDemanded: !('not' in values),
    }));
    this.#demands = this.#conditions.filter(({ isDemanded }) => isDemanded).length;
  }

  /** The next sample is the first of the family in a body. */
  restart(): void {
    this.#next = 0;
  }

  /**
   * Whether the sample whose name ends at `nameEnd` and whose line ends at `lineEnd` is wanted; `words` are those of `bytes`.
   * True for labels that cannot be read: what is wrong with them is for the scanner to say.
   */
  passes(bytes: Uint8Array, words: DataView, nameEnd: number, lineEnd: number): boolean {
    const last = Math.min(this.#known.length, this.#next + LOOK_AHEAD);
    for (let i = this.#next; i < last; i++) {
      const { text, isWanted } = this.#known[i]!;
      const end = nameEnd + text.byteLength;
      if (end <= lineEnd && isSameWords(words, nameEnd, end, text, 0)) {
        this.#next = i + 1;
        return isWanted;
      }
    }
    const isWanted = this.#decide(bytes, nameEnd, lineEnd);
    const length = this.#decidedAt - nameEnd;
    if (this.#known.length < MAX_KNOWN_SERIES && length > 0 && length <= MAX_KNOWN_BYTES) {
      const text = viewOf(Uint8Array.prototype.slice.call(bytes, nameEnd, this.#decidedAt));
      this.#known.push({ text, isWanted });
      this.#next = this.#known.length;
    }
    return isWanted;
  }

  #decide(bytes: Uint8Array, nameEnd: number, lineEnd: number): boolean {
    let at = skipBlanks(bytes, nameEnd);
    let demandsMet = 0;
    this.#decidedAt = 0;
    if (bytes[at] !== BRACE_OPEN) {
      return this.#demands === 0;
    }
    at++;
    for (;;) {
      at = skipBlanks(bytes, at);
      if (bytes[at] === BRACE_CLOSE) {
        this.#decidedAt = at + 1;
        return demandsMet === this.#demands;
      }
      const nameStart = at;
      while (at < lineEnd && bytes[at] !== EQUALS && !isBlank(bytes[at])) {
        at++;
      }
      const labelEnd = at;
      at = skipBlanks(bytes, at);
      const quote = bytes[at] === EQUALS ? skipBlanks(bytes, at + 1) : lineEnd;
      const valueEnd = bytes[quote] === QUOTE ? findQuote(bytes, quote + 1, lineEnd) : lineEnd;
      if (valueEnd >= lineEnd) {
        return true;
      }
      for (const { name, values, isDemanded } of this.#conditions) {
        if (name.length === labelEnd - nameStart && isSameBytes(bytes, nameStart, labelEnd, name, 0)) {
          if (values.has(bytes, quote + 1, valueEnd) !== isDemanded) {
            this.#decidedAt = valueEnd + 1;
            return false;
          }
          demandsMet += isDemanded ? 1 : 0;
        }
      }
      at = skipBlanks(bytes, valueEnd + 1);
      if (bytes[at] === COMMA) {
        at++;
      } else if (bytes[at] !== BRACE_CLOSE) {
        return true;
      }
    }
  }
}

/** The next quote that no backslash escapes, or `end`. */
function findQuote(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== QUOTE) {
    at += bytes[at] === BACKSLASH ? 2 : 1;
  }
  return Math.min(at, end);
}
