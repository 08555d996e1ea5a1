/**
 * Scans one sample line of a body: the offsets of its name, labels, value and end, whether every byte of it is allowed,
 * and whether it can be copied unchanged. The hot path of a scrape: a valid line creates no object and no string.
 */
import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  byteClass,
  COMMA,
  CR,
  DIGIT,
  EQUALS,
  isBlank,
  isLineEnd,
  isSameBytes,
  LABEL_PART,
  LABEL_START,
  LETTER_N,
  LF,
  QUOTE,
  SPACE,
  skipBlanks,
  skipToken,
  VALUE_STOP,
} from '../format/characters.ts';
import type { FaultReason } from '../format/fault.ts';
import { classifyValue } from '../format/number.ts';
import type { ScanRules } from './scanned-body.ts';

/** Every integer of this number of digits fits a signed 64-bit integer. */
const MAX_TIMESTAMP_DIGITS = 18;

/** Label names remembered of one line to find doubles; a line with more labels than this exceeds every sensible limit. */
const MAX_REMEMBERED_LABELS = 256;

export class SampleScanner {
  /** Offset of the `{`, or -1 where the line has no braces. */
  braceOpen = -1;
  /** Offset of the `}`, or -1. */
  braceClose = -1;
  labelCount = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Offset of the timestamp, or -1. */
  timestampStart = -1;
  /** Offset after the last significant byte, without blanks and the end of the line. */
  end = 0;
  /** Offset of the next line. */
  next = 0;
  /** Whether the line is `name{labels} value[ timestamp]` with single blanks, so that its bytes can be copied. */
  isCanonical = true;
  /** Offset of the last fault. */
  faultAt = 0;
  /** A rule that the line is against while its syntax is good. */
  brokenRule: FaultReason | undefined = undefined;

  readonly #bytes: Uint8Array;
  readonly #maxLabels: number;
  readonly #maxLabelValueBytes: number;
  readonly #maxNameBytes: number;
  readonly #reserved: readonly Uint8Array[];
  readonly #reservedPrefixes: readonly Uint8Array[];
  readonly #labelNames = new Int32Array(2 * MAX_REMEMBERED_LABELS);

  /** `bytes` must end with a line feed, so that no loop has to look for the end. */
  constructor(bytes: Uint8Array, rules: ScanRules) {
    this.#bytes = bytes;
    this.#maxLabels = Math.min(rules.maxLabels ?? MAX_REMEMBERED_LABELS, MAX_REMEMBERED_LABELS);
    this.#maxLabelValueBytes = rules.maxLabelValueBytes ?? Number.POSITIVE_INFINITY;
    this.#maxNameBytes = rules.maxNameBytes ?? Number.POSITIVE_INFINITY;
    const isPrefix = (name: string): boolean => name.endsWith('*');
    this.#reserved = rules.reservedLabels.filter((name) => !isPrefix(name)).map((name) => Buffer.from(name));
    this.#reservedPrefixes = rules.reservedLabels.filter(isPrefix).map((name) => Buffer.from(name.slice(0, -1)));
  }

  /**
   * Reads on behind the metric name, which ends at `nameEnd`. Returns the fault of syntax, if there is one; then only
   * `faultAt` is set.
   */
  scan(nameEnd: number): FaultReason | undefined {
    const bytes = this.#bytes;
    this.isCanonical = true;
    this.braceOpen = -1;
    this.braceClose = -1;
    this.labelCount = 0;
    this.timestampStart = -1;
    this.brokenRule = undefined;
    let at = nameEnd;
    if (bytes[at] !== BRACE_OPEN && isBlank(bytes[at])) {
      const blanksEnd = skipBlanks(bytes, at);
      if (bytes[blanksEnd] === BRACE_OPEN) {
        this.isCanonical = false;
        at = blanksEnd;
      }
    }
    if (bytes[at] === BRACE_OPEN) {
      this.braceOpen = at;
      at = this.#scanLabels(at + 1);
      if (at < 0) {
        return this.#fault;
      }
      this.braceClose = at - 1;
    }
    return this.#scanValue(at);
  }

  #fault: FaultReason = 'bad_value';

  #fail(reason: FaultReason, at: number): -1 {
    this.#fault = reason;
    this.faultAt = at;
    return -1;
  }

  /** Returns the offset behind the `}`, or -1. */
  #scanLabels(from: number): number {
    const bytes = this.#bytes;
    const names = this.#labelNames;
    let at = from;
    let count = 0;
    for (;;) {
      let c = bytes[at];
      if (isBlank(c)) {
        this.isCanonical = false;
        at = skipBlanks(bytes, at);
        c = bytes[at];
      }
      if (c === BRACE_CLOSE) {
        // `{}` and `{a="b",}` are allowed, but nothing can be put in front of their brace with a comma.
        this.isCanonical = false;
        this.labelCount = count;
        return at + 1;
      }
      const nameStart = at;
      if (c === undefined || (byteClass[c]! & LABEL_START) === 0) {
        return this.#fail(c === QUOTE ? 'utf8_name' : 'bad_label_name', at);
      }
      do {
        at++;
      } while ((byteClass[bytes[at]!]! & LABEL_PART) !== 0);
      const nameEnd = at;
      if (nameEnd - nameStart > this.#maxNameBytes) {
        this.#break('name_too_long', nameStart);
      }
      if (isBlank(bytes[at])) {
        this.isCanonical = false;
        at = skipBlanks(bytes, at);
      }
      if (bytes[at] !== EQUALS) {
        return this.#fail('bad_label_name', at);
      }
      at++;
      if (isBlank(bytes[at])) {
        this.isCanonical = false;
        at = skipBlanks(bytes, at);
      }
      if (bytes[at] !== QUOTE) {
        return this.#fail('unterminated_label_value', at);
      }
      const valueStart = at + 1;
      at = this.#scanLabelValue(valueStart);
      if (at < 0) {
        return -1;
      }
      if (at - 1 - valueStart > this.#maxLabelValueBytes) {
        this.#break('label_value_too_long', valueStart);
      }
      // A line with more labels is dropped whatever they are: it must not cost a comparison of each with each.
      if (count < this.#maxLabels) {
        if (count > 0 && this.#isNameKnown(nameStart, nameEnd, count)) {
          return this.#fail('duplicate_label', nameStart);
        }
        names[2 * count] = nameStart;
        names[2 * count + 1] = nameEnd;
      }
      this.#checkReserved(nameStart, nameEnd);
      if (++count > this.#maxLabels) {
        this.#break('too_many_labels', nameStart);
      }
      if (isBlank(bytes[at])) {
        this.isCanonical = false;
        at = skipBlanks(bytes, at);
      }
      c = bytes[at++];
      if (c === BRACE_CLOSE) {
        this.labelCount = count;
        return at;
      }
      if (c !== COMMA) {
        return this.#fail('bad_label_name', at - 1);
      }
    }
  }

  /** Returns the offset behind the closing quote, or -1. */
  #scanLabelValue(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (;;) {
      while ((byteClass[bytes[at]!]! & VALUE_STOP) === 0) {
        at++;
      }
      const c = bytes[at];
      if (c === QUOTE) {
        return at + 1;
      }
      if (c !== BACKSLASH) {
        return this.#fail('unterminated_label_value', at);
      }
      const escaped = bytes[at + 1];
      if (escaped !== BACKSLASH && escaped !== QUOTE && escaped !== LETTER_N) {
        return this.#fail('bad_escape', at);
      }
      at += 2;
    }
  }

  #isNameKnown(start: number, end: number, count: number): boolean {
    const names = this.#labelNames;
    for (let i = 0; i < count; i++) {
      const otherStart = names[2 * i]!;
      if (
        names[2 * i + 1]! - otherStart === end - start &&
        isSameBytes(this.#bytes, start, end, this.#bytes, otherStart)
      ) {
        return true;
      }
    }
    return false;
  }

  #checkReserved(start: number, end: number): void {
    for (const name of this.#reserved) {
      if (name.length === end - start && isSameBytes(this.#bytes, start, end, name, 0)) {
        this.#break('reserved_label', start);
      }
    }
    for (const prefix of this.#reservedPrefixes) {
      if (prefix.length <= end - start && isSameBytes(prefix, 0, prefix.length, this.#bytes, start)) {
        this.#break('reserved_label', start);
      }
    }
  }

  #break(rule: FaultReason, at: number): void {
    if (this.brokenRule === undefined) {
      this.brokenRule = rule;
      this.faultAt = at;
    }
  }

  #scanValue(from: number): FaultReason | undefined {
    const bytes = this.#bytes;
    let at = from;
    if (bytes[at] === SPACE && !isBlank(bytes[at + 1])) {
      at++;
    } else {
      this.isCanonical = false;
      at = skipBlanks(bytes, at);
      if (at === from && this.braceClose < 0) {
        // No blank, no brace: what follows the name is neither.
        this.faultAt = at;
        return bytes[at] === undefined || bytes[at] === LF ? 'bad_value' : 'bad_metric_name';
      }
    }
    this.valueStart = at;
    at = skipToken(bytes, at);
    this.valueEnd = at;
    const form = classifyValue(bytes, this.valueStart, at);
    if (form !== 'canonical') {
      if (form === 'invalid' || at === this.valueStart) {
        this.faultAt = this.valueStart;
        return 'bad_value';
      }
      this.isCanonical = false;
    }
    this.end = at;
    return bytes[at] === LF ? this.#finish(at) : this.#scanTail(at);
  }

  /** Scans what follows the value: blanks, a timestamp, CR, LF, or the end of the body. */
  #scanTail(from: number): FaultReason | undefined {
    const bytes = this.#bytes;
    let at = skipBlanks(bytes, from);
    if (at > from && !isLineEnd(bytes, at)) {
      this.timestampStart = at;
      this.isCanonical &&= at === from + 1 && bytes[from] === SPACE;
      while (bytes[at] !== undefined && (byteClass[bytes[at]!]! & DIGIT) !== 0) {
        at++;
      }
      const digits = at - this.timestampStart;
      // Milliseconds as Prometheus' lexer reads them: digits without a sign, which fit a signed 64-bit integer.
      if (digits === 0 || digits > MAX_TIMESTAMP_DIGITS) {
        this.faultAt = this.timestampStart;
        return 'bad_timestamp';
      }
      this.end = at;
      at = skipBlanks(bytes, at);
    }
    if (!isLineEnd(bytes, at)) {
      this.faultAt = at;
      return this.timestampStart < 0 ? 'bad_value' : 'bad_timestamp';
    }
    return this.#finish(bytes[at] === CR ? at + 1 : at);
  }

  #finish(lineFeed: number): undefined {
    this.next = lineFeed + 1;
    return undefined;
  }
}
