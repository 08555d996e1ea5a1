/**
 * Which samples of a family are wanted, by their labels: told from the bytes of a line, before anything else is known of it.
 */
import { ByteSet } from './byte-set.ts';
import { isBlank, isSameBytes, skipBlanks } from './bytes.ts';
import { BACKSLASH, BRACE_CLOSE, BRACE_OPEN, COMMA, EQUALS, QUOTE } from './characters.ts';

/** Values of a label: one of these, or any but these. A sample without the label has none of them. */
export type LabelValues = readonly string[] | { readonly not: readonly string[] };

/** What every label named here has to be. */
export type LabelChoice = Readonly<Record<string, LabelValues>>;

interface Condition {
  readonly name: Buffer;
  readonly values: ByteSet;
  /** Whether the label has to be there, with one of the values. */
  readonly isDemanded: boolean;
}

export class LabelFilter {
  readonly #conditions: readonly Condition[];
  readonly #demands: number;

  constructor(choice: LabelChoice) {
    this.#conditions = Object.entries(choice).map(([name, values]) => ({
      name: Buffer.from(name),
      values: new ByteSet('not' in values ? values.not : values),
      isDemanded: !('not' in values),
    }));
    this.#demands = this.#conditions.filter(({ isDemanded }) => isDemanded).length;
  }

  /**
   * Whether the sample whose name ends at `nameEnd` and whose line ends at `lineEnd` is wanted. True for labels that cannot
   * be read: what is wrong with them is for the scanner to say.
   */
  passes(bytes: Uint8Array, nameEnd: number, lineEnd: number): boolean {
    let at = skipBlanks(bytes, nameEnd);
    let demandsMet = 0;
    if (bytes[at] !== BRACE_OPEN) {
      return this.#demands === 0;
    }
    at++;
    for (;;) {
      at = skipBlanks(bytes, at);
      if (bytes[at] === BRACE_CLOSE) {
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
