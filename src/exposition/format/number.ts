/**
 * Parses values, and defines their canonical spelling. The grammar is the one that Prometheus accepts: Go's ParseFloat
 * without hexadecimal digits and underscores.
 */

const LF = 10;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;

/** No number needs more; without a limit a value could be megabytes of zeros. */
const MAX_VALUE_BYTES = 512;

/** A decimal with at most this number of digits and an exponent of two digits cannot overflow a double. */
const MAX_SURE_DIGITS = 200;
const MAX_SURE_EXPONENT_DIGITS = 2;

const LETTER_E = 101;

/**
 * `canonical` can be copied to any text form as it is; `other` is a value in another spelling (`inf`, `+1`, `1.`);
 * `invalid` is no value, one that does not fit a double, which Prometheus rejects, or one longer than any number needs.
 */
export type ValueForm = 'canonical' | 'other' | 'invalid';

/** How the bytes from `start` to `end` read as a value. */
export function classifyValue(bytes: Uint8Array, start: number, end: number): ValueForm {
  if (end - start > MAX_VALUE_BYTES) {
    return 'invalid';
  }
  let at = bytes[start] === MINUS ? start + 1 : start;
  const integerStart = at;
  at = skipDigits(bytes, at, end);
  let areDigitsSure = at > integerStart && at - integerStart <= MAX_SURE_DIGITS;
  if (at === end && areDigitsSure) {
    return 'canonical';
  }
  if (bytes[at] === DOT && at < end) {
    const fractionStart = at + 1;
    at = skipDigits(bytes, fractionStart, end);
    areDigitsSure &&= at > fractionStart && at - fractionStart <= MAX_SURE_DIGITS;
  }
  if (bytes[at] === LETTER_E && at < end) {
    at++;
    if (bytes[at] === PLUS || bytes[at] === MINUS) {
      at++;
    }
    const exponentStart = at;
    at = skipDigits(bytes, at, end);
    areDigitsSure &&= at > exponentStart && at - exponentStart <= MAX_SURE_EXPONENT_DIGITS;
  }
  if (at === end && areDigitsSure) {
    return 'canonical';
  }
  return classifyText(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'));
}

/** Limit of the fast path: a 64-bit number has no more digits. Longer ones are parsed completely. */
const MAX_PLAIN_DIGITS = 20;

/**
 * Returns the end of the canonical value at `start` if a line feed follows it directly, otherwise 0. The bytes must contain
 * a line feed.
 */
export function findValueEnd(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at]!)) {
    at++;
  }
  if (bytes[at] === LF && at > start && at - start <= MAX_PLAIN_DIGITS) {
    return at;
  }
  at = bytes.indexOf(LF, at);
  return classifyValue(bytes, start, at) === 'canonical' ? at : 0;
}

function skipDigits(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(bytes[at]!)) {
    at++;
  }
  return at;
}

function classifyText(text: string): ValueForm {
  if (text === '+Inf' || text === '-Inf' || text === 'NaN') {
    return 'canonical';
  }
  if (isDecimal(text)) {
    return Number.isFinite(Number(text)) ? 'other' : 'invalid';
  }
  return text.length <= MAX_WORD_LENGTH && words.has(text.toLowerCase()) ? 'other' : 'invalid';
}

/** Infinities and NaN in other spellings, in lower case. */
const words: ReadonlySet<string> = new Set(
  ['', '+', '-'].flatMap((sign) => [`${sign}inf`, `${sign}infinity`]).concat('nan'),
);
const MAX_WORD_LENGTH = '+infinity'.length;

/** `[+-] (digits [. digits] | . digits) [e [+-] digits]`, one step after the other: no pattern that tries again. */
function isDecimal(text: string): boolean {
  let at = skipSign(text, 0);
  const integerStart = at;
  at = skipDigitsOf(text, at);
  let digits = at - integerStart;
  if (text[at] === '.') {
    const fractionStart = at + 1;
    at = skipDigitsOf(text, fractionStart);
    digits += at - fractionStart;
  }
  if (digits > 0 && (text[at] === 'e' || text[at] === 'E')) {
    const exponentStart = skipSign(text, at + 1);
    at = skipDigitsOf(text, exponentStart);
    digits = at - exponentStart;
  }
  return digits > 0 && at === text.length;
}

function skipSign(text: string, from: number): number {
  return text[from] === '+' || text[from] === '-' ? from + 1 : from;
}

function skipDigitsOf(text: string, from: number): number {
  let at = from;
  while (at < text.length && isDigit(text.charCodeAt(at))) {
    at++;
  }
  return at;
}

/** A valid value in its canonical spelling, with all the digits it had. */
export function canonicalizeValue(text: string): string {
  if (/^nan$/i.test(text)) {
    return 'NaN';
  }
  if (/inf/i.test(text)) {
    return text.startsWith('-') ? '-Inf' : '+Inf';
  }
  return text
    .replace(/^\+/, '')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.(?=e|$)/i, '')
    .replace('E', 'e');
}

/** Returns the number of a valid value. */
export function parseValue(text: string): number {
  switch (text) {
    case '+Inf':
      return Number.POSITIVE_INFINITY;
    case '-Inf':
      return Number.NEGATIVE_INFINITY;
    default:
      return Number(text);
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
