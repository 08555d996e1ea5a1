/**
 * Scans one body line by line and assigns comments and samples to families. Bodies of one node resemble each other, so it
 * first compares a line with the line that was at this position in a body that was scanned before.
 */
import { isUtf8 } from 'node:buffer';
import { BRACE_OPEN, byteClass, CR, HASH, LF, NAME_PART, NAME_START, QUOTE, skipBlanks } from '../format/characters.ts';
import type { FaultReason } from '../format/fault.ts';
import { canHaveSuffix, splitSuffix } from '../format/suffixes.ts';
import { viewOf } from '../format/words.ts';
import { parseComment, repairEscapes } from './comment.ts';
import { cutDuplicates } from './duplicates.ts';
import { FaultList } from './fault-list.ts';
import { isGoodSummary, orderBuckets } from './histograms.ts';
import { type LineSource, LineTable } from './line-table.ts';
import { makeForm } from './make-form.ts';
import { adoptStrays, OpenFamily } from './open-family.ts';
import { SampleScanner } from './sample-scanner.ts';
import type { LineTables, Scan, ScannedFamily, ScanRules } from './scanned-body.ts';

export interface BodyScannerOptions {
  readonly rules: ScanRules;
  /** Default: false. */
  readonly isPartial?: boolean;
  readonly expectedLines?: number | undefined;
  /** Creates the source of lines that are known from other bodies. Default: every line is scanned. */
  readonly makeSource?: ((bytes: Buffer, words: DataView) => LineSource) | undefined;
  /** Counts the lines that matched the source, and those that were scanned. */
  readonly paths?: { matchedLines: number; scannedLines: number } | undefined;
}

/** Bytes that are scanned without a pause. Each line counts as `BYTES_OF_A_LINE` more bytes, for its own cost. */
const STEP_BYTES = 64 * 1024;
const BYTES_OF_A_LINE = 64;
/** Limit of known lines that are matched in one call. */
const STEP_LINES = 1024;

export class BodyScanner {
  readonly #bytes: Buffer;
  readonly #rules: ScanRules;
  readonly #maxNameBytes: number;
  readonly #maxSamples: number;
  readonly #isPartial: boolean;
  readonly #isUtf8: boolean;
  readonly #known: LineSource | undefined;
  readonly #paths: BodyScannerOptions['paths'];
  readonly #sample: SampleScanner;
  readonly #lines: LineTable;
  readonly #families = new Map<string, OpenFamily>();
  readonly #faults = new FaultList();
  readonly #bucketOrder: number[] = [];
  #lineNumber = 0;
  /** The family that the last line belonged to, and where its open segment begins. */
  #current: OpenFamily | undefined = undefined;
  #segmentFrom = 0;
  #hasTimestamps = false;

  constructor(body: Buffer, { rules, isPartial = false, expectedLines, makeSource, paths }: BodyScannerOptions) {
    const bytes = isPartial ? body.subarray(0, body.lastIndexOf(LF) + 1) : endWithLineFeed(body);
    this.#bytes = bytes;
    this.#rules = rules;
    this.#maxNameBytes = rules.maxNameBytes ?? Number.POSITIVE_INFINITY;
    this.#maxSamples = rules.maxSamples ?? Number.POSITIVE_INFINITY;
    this.#isPartial = isPartial;
    this.#isUtf8 = isUtf8(bytes);
    this.#lines = new LineTable(bytes, expectedLines);
    this.#known = this.#isUtf8 ? makeSource?.(bytes, viewOf(bytes)) : undefined;
    this.#paths = paths;
    this.#sample = new SampleScanner(bytes, rules);
  }

  *run(): Generator<void, Scan> {
    let worked = 0;
    for (let at = 0; at < this.#bytes.length; ) {
      this.#lineNumber++;
      const next = this.#takeKnown(at) || this.#scanLine(at);
      worked += next - at + BYTES_OF_A_LINE;
      at = next;
      if (worked >= STEP_BYTES) {
        worked = 0;
        yield;
      }
    }
    this.#closeSegment();
    if (this.#isPartial && this.#current !== undefined) {
      this.#families.delete(this.#current.name);
    }
    adoptStrays(this.#families);
    const lines = this.#lines.close();
    for (const family of this.#families.values()) {
      yield* this.#dropDuplicates(family, lines);
      yield* this.#judge(family, lines);
      yield;
    }
    yield* this.#faults.findLateLines(this.#bytes);
    // Plain objects, because every body of this form iterates over them.
    const families = [...this.#families.values()].filter(({ isFaulty }) => !isFaulty).map((family) => family.close());
    // If lines were rewritten, the form has its own memory and the body is reused, so nothing may refer to the body.
    const isMoved = lines.series.body.buffer !== this.#bytes.buffer;
    const ownFamilies = isMoved ? families.map(copyHelp) : families;
    const form = makeForm(
      {
        rules: this.#rules,
        series: lines.series,
        families: ownFamilies,
        bucketOrder: this.#bucketOrder,
        hasTimestamps: this.#hasTimestamps,
      },
      lines.values,
      this.#faults.counts.size > 0,
    );
    return { form, values: lines.values, faults: { described: this.#faults.described, counts: this.#faults.counts } };
  }

  /** Returns the offset after the lines that are known from other bodies, or 0 if the line at `start` is not known. */
  #takeKnown(start: number): number {
    const known = this.#known;
    if (known === undefined) {
      return 0;
    }
    if (this.#bytes[start] === HASH) {
      return this.#takeHead(start, known);
    }
    const linesBefore = this.#lines.count;
    const maxLines = Math.min(STEP_LINES, this.#maxSamples - linesBefore);
    const next = known.takeSamples(start, this.#lines, maxLines);
    const taken = this.#lines.count - linesBefore;
    this.#lineNumber += Math.max(0, taken - 1);
    if (this.#paths !== undefined) {
      this.#paths.matchedLines += taken;
    }
    return next;
  }

  #takeHead(start: number, source: LineSource): number {
    const known = source.nextFamily;
    const head = known?.head;
    if (
      known === undefined ||
      head === undefined ||
      !source.isAt(start, head) ||
      this.#families.has(known.name) ||
      !this.#hasRoomFor(known.name)
    ) {
      return 0;
    }
    const family = this.#enterFamily(known.name);
    family.type = known.type;
    family.statedType = known.type;
    family.help = known.help;
    const next = start + head.end - head.start;
    family.addComments(start, next, head.lines);
    source.follow(known);
    this.#lineNumber += head.lines - 1;
    return next;
  }

  /** Returns the offset of the next line. */
  #scanLine(lineStart: number): number {
    const bytes = this.#bytes;
    const start = skipBlanks(bytes, lineStart);
    const first = bytes[start]!;
    if (first === HASH) {
      return this.#scanComment(start);
    }
    if ((byteClass[first]! & NAME_START) !== 0) {
      return this.#scanSample(lineStart, start);
    }
    if (first === BRACE_OPEN && bytes[skipBlanks(bytes, start + 1)] === QUOTE) {
      // `{"kata.dots"} 1`, as newer clients write names that are not ASCII.
      return this.#refuse('utf8_name', lineStart, start);
    }
    if (first === LF || (first === CR && bytes[start + 1] === LF)) {
      return bytes.indexOf(LF, start) + 1;
    }
    return this.#refuse('bad_metric_name', lineStart, start);
  }

  /** Reports a line that belongs to no family. Returns the offset of the next line. */
  #refuse(reason: FaultReason, lineStart: number, at: number): number {
    this.#closeSegment();
    this.#current = undefined;
    this.#known?.leave();
    return this.#report(reason, lineStart, at, undefined);
  }

  #hasRoomFor(familyName: string): boolean {
    const { maxFamilies = Number.POSITIVE_INFINITY } = this.#rules;
    return this.#families.size < maxFamilies || this.#families.has(familyName);
  }

  #scanSample(lineStart: number, start: number): number {
    const sample = this.#sample;
    const nameEnd = this.#findNameEnd(start);
    if (nameEnd - start > this.#maxNameBytes) {
      return this.#refuse('name_too_long', lineStart, start);
    }
    const family = this.#enterFamilyOfSample(start, nameEnd);
    if (family === undefined) {
      return this.#refuse('too_many_families', lineStart, start);
    }
    family.type ??= this.#rules.typeOf?.(family.name);
    let fault = sample.scan(nameEnd);
    if (fault === undefined && !this.#isUtf8 && !isUtf8(this.#bytes.subarray(start, sample.end))) {
      fault = 'invalid_utf8';
      sample.faultAt = start;
    }
    if (fault === undefined && family.type === 'histogram' && nameEnd - start === family.name.length) {
      fault = 'wrong_sample_name';
      sample.faultAt = start;
    }
    if (fault !== undefined) {
      // A quoted label name is valid but not supported, so the other lines of the family are kept.
      family.isFaulty ||= fault !== 'utf8_name';
      return this.#report(fault, lineStart, sample.faultAt, family.name);
    }
    if (sample.brokenRule !== undefined) {
      return this.#report(sample.brokenRule, lineStart, sample.faultAt, family.name);
    }
    if (this.#lines.count >= this.#maxSamples) {
      return this.#report('too_many_samples', lineStart, start, family.name);
    }
    this.#addLine(start, nameEnd);
    return sample.next;
  }

  #addLine(start: number, nameEnd: number): void {
    const sample = this.#sample;
    this.#hasTimestamps ||= sample.timestampStart >= 0;
    this.#current!.hasNewLines = true;
    if (this.#paths !== undefined) {
      this.#paths.scannedLines++;
    }
    if (sample.isCanonical) {
      this.#lines.add(start, sample.braceClose < 0 ? ~nameEnd : sample.braceClose, sample.end);
    } else {
      this.#lines.addRewritten(start, nameEnd, sample);
    }
  }

  #findNameEnd(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    while ((byteClass[bytes[at]!]! & NAME_PART) !== 0) {
      at++;
    }
    return at;
  }

  /** Makes the family of the sample at `start` the current one. Returns undefined if that would exceed `maxFamilies`. */
  #enterFamilyOfSample(start: number, nameEnd: number): OpenFamily | undefined {
    const current = this.#current;
    const name = this.#bytes.toString('latin1', start, nameEnd);
    if (
      current !== undefined &&
      name.startsWith(current.name) &&
      canHaveSuffix(current.type, name.slice(current.name.length))
    ) {
      return current;
    }
    const familyName = this.#findFamilyOf(name);
    if (familyName === current?.name) {
      return current;
    }
    return this.#hasRoomFor(familyName) ? this.#enterFamily(familyName) : undefined;
  }

  /** Returns the family name of a sample, also if the sample is apart from the other lines of its family. */
  #findFamilyOf(sampleName: string): string {
    const split = this.#families.has(sampleName) ? undefined : splitSuffix(sampleName);
    if (split === undefined) {
      return sampleName;
    }
    const type = this.#families.get(split.name)?.type ?? this.#rules.typeOf?.(split.name);
    return type !== undefined && canHaveSuffix(type, split.suffix) ? split.name : sampleName;
  }

  #enterFamily(name: string): OpenFamily {
    this.#closeSegment();
    let family = this.#families.get(name);
    if (family === undefined) {
      family = new OpenFamily(name);
      this.#families.set(name, family);
    } else if (family.segments.length > 0) {
      // Known lines may now occur a second time.
      family.hasNewLines = true;
    }
    this.#current = family;
    this.#segmentFrom = this.#lines.count;
    this.#known?.leave();
    return family;
  }

  #closeSegment(): void {
    const to = this.#lines.count;
    if (this.#current !== undefined && to > this.#segmentFrom) {
      this.#current.segments.push({ from: this.#segmentFrom, to });
    }
  }

  #scanComment(start: number): number {
    const bytes = this.#bytes;
    const end = bytes.indexOf(LF, start);
    const comment = parseComment(bytes, start, end);
    if (comment.kind === 'other') {
      return end + 1;
    }
    if (comment.kind === 'faulty' && comment.family === undefined) {
      return this.#report(comment.reason, start, comment.at, undefined);
    }
    const name = comment.family!;
    if (name.length > this.#maxNameBytes) {
      return this.#refuse('name_too_long', start, start);
    }
    if (!this.#hasRoomFor(name)) {
      return this.#refuse('too_many_families', start, start);
    }
    const family = this.#current?.name === name ? this.#current : this.#enterFamily(name);
    family.addComments(start, end + 1, 1);
    let fault = comment.kind === 'faulty' ? comment : undefined;
    if (fault === undefined && !this.#isUtf8 && !isUtf8(bytes.subarray(start, end))) {
      fault = { kind: 'faulty', family: name, reason: 'invalid_utf8', at: start };
    }
    if (comment.kind === 'type') {
      family.statedType ??= comment.type;
      family.type ??= comment.type;
      fault ??= family.type === comment.type ? undefined : { ...comment, kind: 'faulty', reason: 'bad_type' };
    }
    if (fault !== undefined) {
      family.isFaulty = true;
      return this.#report(fault.reason, start, fault.at, name);
    }
    if (comment.kind === 'help') {
      if (comment.help.length > (this.#rules.maxHelpBytes ?? Number.POSITIVE_INFINITY)) {
        return this.#report('help_too_long', start, start, name);
      }
      family.help ??= repairEscapes(comment.help);
    }
    if (this.#lines.count > this.#segmentFrom) {
      // A comment in the middle of its family: known lines may now occur a second time.
      family.hasNewLines = true;
    }
    this.#known?.find(family);
    return end + 1;
  }

  /** Returns the offset after the line at fault. */
  #report(reason: FaultReason, lineStart: number, at: number, family: string | undefined): number {
    this.#faults.add(reason, this.#lineNumber, at - lineStart + 1, family);
    return this.#bytes.indexOf(LF, lineStart) + 1;
  }

  /** Keeps the first of duplicate series. Lines that match a known form are not compared, because they are distinct. */
  *#dropDuplicates(family: OpenFamily, { series }: LineTables): Generator<void> {
    if (!family.hasNewLines || family.isFaulty) {
      return;
    }
    for (const line of yield* cutDuplicates(family, series)) {
      this.#faults.addLate('duplicate_series', this.#lines.originOf(line), family.name);
    }
  }

  /** Checks histograms and summaries as a whole, after duplicates are dropped. */
  *#judge(family: OpenFamily, lines: LineTables): Generator<void> {
    const line = family.segments[0]?.from;
    if (line === undefined || family.isFaulty) {
      return;
    }
    if (family.type === 'histogram') {
      const order = yield* orderBuckets(family, lines);
      family.isFaulty = order === undefined;
      for (const each of order ?? []) {
        this.#bucketOrder.push(each);
      }
    } else if (family.type === 'summary') {
      family.isFaulty = !(yield* isGoodSummary(family, lines));
    }
    if (family.isFaulty) {
      const reason = family.type === 'histogram' ? 'bad_histogram' : 'bad_summary';
      this.#faults.addLate(reason, this.#lines.originOf(line), family.name);
    }
  }
}

function copyHelp({ help, ...family }: ScannedFamily): ScannedFamily {
  return { ...family, help: help === undefined ? undefined : Buffer.from(help) };
}

function endWithLineFeed(body: Buffer): Buffer {
  return body.length === 0 || body[body.length - 1] === LF ? body : Buffer.concat([body, Buffer.from('\n')]);
}
