/**
 * Writes lines as gzip without making their text first. Most bytes of a response stand in it before, at a place that follows from
 * where the line comes from: its series in the line of the last sandbox, its labels in the last line of the same sandbox. So the
 * writer copies them as matches of DEFLATE instead of searching, and sums up their CRCs, which it knows too.
 */
import { Copier } from '../deflate/copier.ts';
import type { ExtraLabels } from '../format/extra-labels.ts';
import { INTS_PER_LINE, type Scan, type ValueTable } from '../scan/scanned-body.ts';
import { findDifferences, INTS_PER_DIFFERENCE } from './differences.ts';
import { LabelPlaces, type Place, type PlacedEnding, type SourceLabels } from './label-places.ts';
import type { LineWriter } from './line-writer.ts';
import { NOT_FOUND, WrittenLines } from './written-lines.ts';

const BLANK = ' ';
const TYPE_MARK = '# TYPE ';
const NEWLINE = Buffer.from('\n');
const NOTHING = Buffer.alloc(0);
/** Not near to anything. */
const NEVER = -(2 ** 20);

/** Sources of a family are counted from here: lines that no source has had have the number 0. */
const FIRST_SOURCE = 1;
/** Positions are kept as 32-bit integers. The lines of one source and family are shorter than what is left of these. */
const MAX_KNOWN_AT = 2 ** 30;
const NO_LINES = new WrittenLines(0);

/** Shortest series that is copied as a whole, in bytes. */
const MIN_LONG_BYTES = 3;

/** Text that is written without a pause. */
const STEP_BYTES = 256 * 1024;
/** Shorter words of heads are not looked up. */
const MIN_WORD_BYTES = 4;
/** Words of heads that are remembered. */
const MAX_WORDS = 4096;

export interface GzipWriterOptions {
  /** Lines are known up to this position; what comes after it is compressed less. Default: `MAX_KNOWN_AT`. */
  readonly maxKnownAt?: number;
}

export class GzipWriter implements LineWriter {
  readonly #output = new Copier();
  readonly #maxKnownAt: number;
  #pausedAt = 0;
  /** A line feed is written together with the series after it, of which it is mostly a part. */
  #owesNewline = false;
  readonly #labels = new LabelPlaces();
  #lastPlace: Place | undefined;
  /** The lines of the family with this prefix. */
  readonly #lines = new WrittenLines();
  #prefix: Uint8Array = NOTHING;
  #source = 0;
  #values: ValueTable | undefined;
  #oldValues: ValueTable | undefined;
  #sourceLabels: SourceLabels | undefined;
  /** The number that the last line has among those of the family. */
  #lastFound = NOT_FOUND;
  /** The series of the last line, or the name of the family in its head, and where it is. */
  #series: Uint8Array = NOTHING;
  #seriesStart = 0;
  #seriesEnd = 0;
  #seriesAt = NEVER;
  /** Whether `#prefix` stands before it. */
  #hasPrefix = false;
  readonly #words = new Map<string, number>();

  constructor({ maxKnownAt = MAX_KNOWN_AT }: GzipWriterOptions = {}) {
    this.#maxKnownAt = maxKnownAt;
  }

  latin1(text: string): void {
    if (!text.endsWith('\n')) {
      throw new RangeError(`Text must end with a line feed, got ${JSON.stringify(text.slice(-32))}`);
    }
    const output = this.#output;
    this.#payNewline();
    this.#lastFound = NOT_FOUND;
    if (text.startsWith('#')) {
      output.beginPart();
      this.#beginFamily(NOTHING);
    }
    const bytes = Buffer.from(text, 'latin1');
    for (let start = 0; start < bytes.length; ) {
      const blank = text.indexOf(BLANK, start + 1);
      const end = blank < 0 ? bytes.length : blank;
      const word = text.slice(start, end);
      const at = this.#words.get(word) ?? NEVER;
      this.#remember(word);
      if (word.length >= MIN_WORD_BYTES && output.isNear(at)) {
        output.copy(at, bytes, start, end);
      } else {
        output.literals(bytes, start, end);
      }
      start = end;
    }
    output.check(bytes, 0, bytes.length);
    this.#expectName(text, bytes);
  }

  lines(
    { form: { series }, values }: Pick<Scan, 'form' | 'values'>,
    from: number,
    to: number,
    prefix: Uint8Array,
    labels: ExtraLabels,
  ): number {
    const output = this.#output;
    const sourceLabels = this.#labels.find(labels);
    if (this.#prefix !== prefix) {
      this.#seriesAt = this.#hasPrefix ? NEVER : this.#seriesAt;
      this.#beginFamily(prefix);
    }
    if (this.#values !== values || this.#sourceLabels !== sourceLabels) {
      this.#beginSource(values, sourceLabels);
    }
    const written = output.at < this.#maxKnownAt ? this.#lines : NO_LINES;
    const { body, offsets } = series;
    let valueAt = NEVER;
    for (let line = from; line < to; line++) {
      const start = offsets[line * INTS_PER_LINE]!;
      const insertAt = offsets[line * INTS_PER_LINE + 1]!;
      const end = insertAt < 0 ? ~insertAt : insertAt;
      const newline = this.#owesNewline ? 1 : 0;
      const at = output.at + newline;
      const found = written.find(series, line, start, end);
      const oldAt = found === NOT_FOUND ? NEVER : written.at[found]!;
      if (found === NOT_FOUND) {
        this.#writeSeries(newline, body, start, end);
      } else if (output.isNear(oldAt - newline) && end - start >= MIN_LONG_BYTES) {
        // A line feed stands before it there too.
        this.#note(at, body, start, end);
        output.copyLong(oldAt - newline, newline + prefix.length + end - start);
      } else if (newline === 1 && this.#lastFound === found - 1 && found > 0 && output.isNear(this.#seriesAt - 1)) {
        this.#writeLike(body, start, end, written.first[found]!, written.last[found]!);
      } else {
        this.#writeSeries(newline, body, start, end);
      }
      const number = found === NOT_FOUND && at > 0 ? written.add(series, line, prefix) : found;
      if (number === NOT_FOUND || newline === 0) {
        output.check(NEWLINE, 0, newline);
        output.check(prefix, 0, prefix.length);
        output.check(body, start, end);
      } else {
        output.checkKnown(written.crcs[number]!, written.zeros[number]!);
      }
      this.#lastFound = number;
      const ending = insertAt < 0 ? sourceLabels.inBraces : sourceLabels.afterLabels;
      this.#writeLabels(ending);
      output.checkKnown(ending.crc, ending.zeros);
      const isOfLast = found !== NOT_FOUND && written.sources[found] === this.#source - 1;
      const oldValueAt = isOfLast ? oldAt + written.valueOffsets[found]! : NEVER;
      valueAt = this.#writeValue(values, line, oldValueAt, isOfLast ? written.oldLines[found]! : 0, valueAt);
      if (number !== NOT_FOUND) {
        written.at[number] = at;
        written.valueOffsets[number] = valueAt - at;
        written.sources[number] = this.#source;
        written.oldLines[number] = line;
      }
      this.#owesNewline = true;
    }
    return to;
  }

  get hasFinished(): boolean {
    return this.#output.hasFinished || this.#output.at - this.#pausedAt > STEP_BYTES;
  }

  takeFinished(): Buffer[] {
    this.#pausedAt = this.#output.at;
    return this.#output.hasFinished ? this.#output.takeFinished() : [NOTHING];
  }

  takeAll(): Buffer[] {
    this.#payNewline();
    return this.#output.takeAll();
  }

  #payNewline(): void {
    if (this.#owesNewline) {
      this.#output.literals(NEWLINE, 0, 1);
      this.#output.check(NEWLINE, 0, 1);
      this.#owesNewline = false;
    }
  }

  #remember(word: string): void {
    if (this.#words.size >= MAX_WORDS) {
      this.#words.clear();
    }
    this.#words.set(word, this.#output.at);
  }

  #beginFamily(prefix: Uint8Array): void {
    this.#prefix = prefix;
    this.#lines.clear();
    this.#source = FIRST_SOURCE;
    this.#values = undefined;
  }

  #beginSource(values: ValueTable, sourceLabels: SourceLabels): void {
    this.#source++;
    this.#oldValues = this.#values;
    this.#values = values;
    this.#sourceLabels = sourceLabels;
    this.#lastFound = NOT_FOUND;
    this.#lines.beginSource();
  }

  /** The name in a head is the beginning of the line after it. */
  #expectName(text: string, bytes: Uint8Array): void {
    const found = text.indexOf(TYPE_MARK);
    const start = found + TYPE_MARK.length;
    this.#note(this.#output.at - bytes.length + start, bytes, start, found < 0 ? start : text.indexOf(BLANK, start));
    this.#hasPrefix = false;
  }

  #note(at: number, bytes: Uint8Array, start: number, end: number): void {
    this.#seriesAt = at;
    this.#series = bytes;
    this.#seriesStart = start;
    this.#seriesEnd = end;
    this.#hasPrefix = true;
  }

  /** The series of a line, of which `first` and `last` bytes are those of the last line. */
  #writeLike(body: Buffer, start: number, end: number, first: number, last: number): void {
    const output = this.#output;
    const prefix = this.#prefix;
    const oldAt = this.#seriesAt;
    const oldEnd = oldAt + prefix.length + this.#seriesEnd - this.#seriesStart;
    output.copy(oldAt - 1, NEWLINE, 0, 1);
    this.#note(output.at, body, start, end);
    if (prefix.length > 0) {
      output.copy(oldAt, prefix, 0, prefix.length);
    }
    output.copy(oldAt + prefix.length, body, start, start + first);
    output.literals(body, start + first, end - last);
    output.copy(oldEnd - last, body, end - last, end);
  }

  /** Finds what the line has in common with the last one. */
  #writeSeries(newline: number, body: Buffer, start: number, end: number): void {
    const output = this.#output;
    const prefix = this.#prefix;
    const oldAt = this.#seriesAt;
    const isNear = output.isNear(oldAt - newline);
    if (newline === 1 && isNear) {
      output.copy(oldAt - 1, NEWLINE, 0, 1);
    } else {
      output.literals(NEWLINE, 0, newline);
    }
    const { at } = output;
    const old = this.#series.subarray(this.#seriesStart, Math.max(this.#seriesStart, this.#seriesEnd));
    if (!isNear) {
      output.literals(prefix, 0, prefix.length);
      output.literals(body, start, end);
    } else if (this.#hasPrefix) {
      if (prefix.length > 0) {
        output.copy(oldAt, prefix, 0, prefix.length);
      }
      this.#writeDifferences(body.subarray(start, end), old, oldAt + prefix.length);
    } else {
      this.#writeDifferences(prefix, old.subarray(0, prefix.length), oldAt);
      this.#writeDifferences(body.subarray(start, end), old.subarray(prefix.length), oldAt + prefix.length);
    }
    this.#note(at, body, start, end);
  }

  #writeDifferences(bytes: Uint8Array, old: Uint8Array, oldAt: number): void {
    this.#apply(findDifferences(bytes, old), bytes, oldAt);
  }

  #apply(differences: Int32Array, bytes: Uint8Array, oldAt: number): void {
    const output = this.#output;
    let at = 0;
    for (let i = 0; i < differences.length; i += INTS_PER_DIFFERENCE) {
      const copied = differences[i]!;
      const added = differences[i + 2]!;
      if (copied > 0) {
        output.copy(oldAt + differences[i + 1]!, bytes, at, at + copied);
      }
      output.literals(bytes, at + copied, at + copied + added);
      at += copied + added;
    }
  }

  #writeLabels({ lead, piece, place }: PlacedEnding): void {
    const output = this.#output;
    const { bytes } = piece;
    const last = this.#lastPlace;
    const isNear = output.isNear(place.at - 1);
    const old = isNear ? place : last !== undefined && output.isNear(last.at - 1) ? last : undefined;
    if (old !== undefined && old.lead === lead) {
      output.copy(old.at - 1, lead, 0, 1);
    } else {
      output.literals(lead, 0, 1);
    }
    const { at } = output;
    if (isNear) {
      output.copy(place.at, bytes, 0, bytes.length);
    } else if (old !== undefined) {
      if (piece.previous !== old.piece) {
        piece.previous = old.piece;
        piece.differences = findDifferences(bytes, old.piece.bytes);
      }
      this.#apply(piece.differences, bytes, old.at);
    } else {
      output.literals(bytes, 0, bytes.length);
    }
    place.at = at;
    place.lead = lead;
    this.#lastPlace = place;
  }

  /** Returns where it is. It may stand in the output before: for the source before, or in the line before. */
  #writeValue(values: ValueTable, line: number, oldAt: number, oldLine: number, lastAt: number): number {
    const output = this.#output;
    const { bytes, offsets } = values;
    const start = offsets[line * INTS_PER_LINE]!;
    const end = offsets[line * INTS_PER_LINE + 1]!;
    const { at } = output;
    if (output.isNear(oldAt) && isSameValue(this.#oldValues!, oldLine, bytes, start, end)) {
      output.copy(oldAt, bytes, start, end);
    } else if (output.isNear(lastAt) && isSameValue(values, line - 1, bytes, start, end)) {
      output.copy(lastAt, bytes, start, end);
    } else {
      output.literals(bytes, start, end);
    }
    output.check(bytes, start, end);
    return at;
  }
}

function isSameValue(old: ValueTable, line: number, bytes: Uint8Array, start: number, end: number): boolean {
  const oldStart = old.offsets[line * INTS_PER_LINE]!;
  if (old.offsets[line * INTS_PER_LINE + 1]! - oldStart !== end - start) {
    return false;
  }
  for (let at = start, other = oldStart; at < end; at++, other++) {
    if (bytes[at] !== old.bytes[other]) {
      return false;
    }
  }
  return true;
}
