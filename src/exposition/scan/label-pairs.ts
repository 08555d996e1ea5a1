/**
 * Splits the labels of a series that the scanner has accepted into pairs. One pass without a regular expression: a label
 * value can be as long as its limit allows and consist of escapes only.
 */

const BACKSLASH = 92;
const QUOTE = 34;
const COMMA = 44;

/** Offsets of a pair in a list of pairs: name start, name end, value start, value end (without the quotes). */
export const OFFSETS_PER_PAIR = 4;

/**
 * The offsets of all pairs in `text` from `from` up to `to`, `OFFSETS_PER_PAIR` for each. Blanks are allowed around names,
 * values and commas, and a comma after the last pair.
 */
export function splitLabels(text: string, from: number, to = text.length): number[] {
  const offsets: number[] = [];
  let at = from;
  for (;;) {
    while (at < to && (isBlankAt(text, at) || text.charCodeAt(at) === COMMA)) {
      at++;
    }
    const equals = at < to ? text.indexOf('=', at) : -1;
    if (equals < 0) {
      return offsets;
    }
    let nameEnd = equals;
    while (isBlankAt(text, nameEnd - 1)) {
      nameEnd--;
    }
    const valueStart = text.indexOf('"', equals) + 1;
    const valueEnd = findClosingQuote(text, valueStart, to);
    offsets.push(at, nameEnd, valueStart, valueEnd);
    at = valueEnd + 1;
  }
}

/** A label value without its escapes. */
export function unescapeLabelValue(value: string): string {
  let start = value.indexOf('\\');
  if (start < 0) {
    return value;
  }
  let text = value.slice(0, start);
  while (start >= 0) {
    const escaped = value[start + 1] ?? '';
    const next = value.indexOf('\\', start + 2);
    text += (escaped === 'n' ? '\n' : escaped) + value.slice(start + 2, next < 0 ? value.length : next);
    start = next;
  }
  return text;
}

/**
 * A text that is the same for two series exactly when they have the same name and the same labels, in whatever order.
 * `text` is the series without its closing brace; the label named `omitted` does not count.
 */
export function keyOfSeries(text: string, omitted?: string): string {
  const brace = text.indexOf('{');
  if (brace < 0) {
    return text;
  }
  const offsets = splitLabels(text, brace + 1);
  const pairs: string[] = [];
  let isSorted = true;
  let last = '';
  for (let i = 0; i < offsets.length; i += OFFSETS_PER_PAIR) {
    const name = text.slice(offsets[i], offsets[i + 1]);
    // A label without a value is the same to Prometheus as none.
    if (name === omitted || offsets[i + 2] === offsets[i + 3]) {
      isSorted = false;
      continue;
    }
    const pair = text.slice(offsets[i], offsets[i + 3]! + 1);
    isSorted &&= pair >= last;
    last = pair;
    pairs.push(pair);
  }
  // Escapes have one spelling, so that the same value is the same text.
  if (pairs.length === 0) {
    return text.slice(0, brace);
  }
  return isSorted ? text : `${text.slice(0, brace)}{${pairs.sort().join(',')}`;
}

/** The offset of the quote that ends the value at `from`, or `to`. */
function findClosingQuote(text: string, from: number, to: number): number {
  let at = from;
  for (; at < to; at++) {
    const c = text.charCodeAt(at);
    if (c === QUOTE) {
      return at;
    }
    if (c === BACKSLASH) {
      at++;
    }
  }
  return to;
}

function isBlankAt(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  return c === 32 || c === 9;
}
