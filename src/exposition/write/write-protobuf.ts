/**
 * Writes a merge plan as length-delimited `io.prometheus.client.MetricFamily` messages, in pieces. A message begins with
 * its length: each family is gone over twice, to add up how long it is and to write it, and never held as a whole.
 * Source of the field numbers: metrics.proto of github.com/prometheus/client_model.
 */
import { BRACE_OPEN } from '../format/characters.ts';
import { unescapeHelp } from '../format/encode-text.ts';
import type { ExtraLabels } from '../format/extra-labels.ts';
import type { FamilyType } from '../format/family.ts';
import { parseValue } from '../format/number.ts';
import { keyOfSeries } from '../scan/label-pairs.ts';
import { readSampleLine } from '../scan/sample-line.ts';
import {
  insertAtOf,
  readNumber,
  type Scan,
  type ScannedFamily,
  type SeriesTable,
  seriesStart,
  seriesText,
  type ValueTable,
  valueText,
} from '../scan/scanned-body.ts';
import { ChunkPool } from './chunk-pool.ts';
import { type EncodedLabels, encodeLabels } from './encoded-labels.ts';
import { createdMsOf, type MergedFamily, type MergePart, type MergePlan, type MergeSource } from './merge-plan.ts';
import { encodeExtraLabels, ProtobufLabels } from './protobuf-labels.ts';
import { DOUBLE_BYTES, delimitedBytes, ProtobufWriter, varintBytes } from './protobuf-writer.ts';

const typeNumbers: Readonly<Record<FamilyType, number>> = {
  counter: 0,
  gauge: 1,
  summary: 2,
  unknown: 3,
  histogram: 4,
};

/** Fields of `Metric`. */
const valueFields: Readonly<Record<FamilyType, number>> = {
  gauge: 2,
  counter: 3,
  summary: 4,
  unknown: 5,
  histogram: 7,
};
const TIMESTAMP_FIELD = 6;

/** Field `created_timestamp` of `Counter`, `Summary` and `Histogram`; the other types have none. */
const createdFields: Readonly<Partial<Record<FamilyType, number>>> = { counter: 3, summary: 4, histogram: 15 };
const MS_PER_SECOND = 1000;
const NS_PER_MS = 1e6;

/** Tag, length, and the longest varint. */
const MAX_FIELD_BYTES = 12;

/** So many bytes of metrics are worked on before the caller gets a turn. */
const STEP_BYTES = 64 * 1024;
/** So many lines of one source. */
const STEP_LINES = 512;
/** The buffer in which parts of messages are made. */
const smallPool = new ChunkPool(1);
/** Stands for no output: the caller may do other things now. */
const NOTHING = Buffer.alloc(0);

/**
 * The response in chunks; an empty one is a point at which the caller may do other things. A family without samples is
 * left out: a message without any is what receivers reject.
 */
export function* writeProtobuf(plan: MergePlan, pool = new ChunkPool()): Generator<Buffer> {
  const writer = new ProtobufWriter(pool);
  const extraLabels = new Map<ExtraLabels, Buffer>();
  const tails = new Tails(extraLabels);
  for (const family of plan.families) {
    const isPlain = family.type !== 'histogram' && family.type !== 'summary';
    if (isPlain && family.parts.every(({ sources }) => sources.every(({ scan }) => !scan.form.hasTimestamps))) {
      yield* writePlainFamily(writer, family, tails);
      continue;
    }
    const metrics = isPlain ? new PlainMetrics(family, extraLabels) : new Distributions(family, extraLabels);
    let bytes = 0;
    for (const isPause of metrics.walk()) {
      if (isPause) {
        yield NOTHING;
      } else {
        bytes += delimitedBytes(metrics.byteLength);
      }
    }
    if (bytes === 0) {
      continue;
    }
    writeHead(writer, family, bytes);
    for (const isPause of metrics.walk()) {
      if (!isPause) {
        writer.reserve(metrics.byteLength + MAX_FIELD_BYTES);
        writer.beginDelimited(4, metrics.byteLength);
        metrics.write(writer);
      } else if (writer.hasFinished) {
        yield* writer.takeFinished();
      } else {
        yield NOTHING;
      }
    }
  }
  yield* writer.takeAll();
}

/** A part of a family, and what its sources add to each metric. */
interface PlainPart {
  readonly part: MergePart;
  readonly labels: EncodedLabels;
  /** Behind the labels of the line: those of the source, then the head of the value; for each source. */
  readonly tails: readonly Buffer[];
}

/** The fast way, for values without timestamps: the labels of a line are copied from those of its form. */
function* writePlainFamily(writer: ProtobufWriter, family: MergedFamily, tails: Tails): Generator<Buffer> {
  const tailOf = (source: MergeSource): Buffer => tails.get(family, source);
  const parts: PlainPart[] = [];
  let bytes = 0;
  let worked = 0;
  for (const part of family.parts) {
    const encoding = encodeLabels(part.family, part.sources[0]!.scan.form.series);
    let step = encoding.next();
    for (; step.done !== true; step = encoding.next()) {
      yield NOTHING;
    }
    const labels = step.value;
    const tailsOfPart: Buffer[] = [];
    for (const source of part.sources) {
      const tail = tailOf(source);
      tailsOfPart.push(tail);
      bytes += familyBytes(labels.ends, tail.length + DOUBLE_BYTES);
      worked += labels.ends.length;
      if (worked >= STEP_LINES) {
        worked = 0;
        yield NOTHING;
      }
    }
    parts.push({ part, labels, tails: tailsOfPart });
  }
  if (bytes === 0) {
    return;
  }
  writeHead(writer, family, bytes);
  for (const { part, labels, tails: tailsOfPart } of parts) {
    for (let i = 0; i < tailsOfPart.length; i++) {
      const { values } = part.sources[i]!.scan;
      const tail = tailsOfPart[i]!;
      let index = 0;
      for (const { from, to } of part.family.segments) {
        for (let line = from; line < to; ) {
          const until = Math.min(to, line + STEP_LINES);
          writeLines(writer, { values, labels, tail }, { line, until, index });
          index += until - line;
          line = until;
          if (writer.hasFinished) {
            yield* writer.takeFinished();
          }
        }
      }
    }
  }
}

function familyBytes(ends: Uint32Array, restBytes: number): number {
  let bytes = 0;
  let start = 0;
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i]!;
    bytes += delimitedBytes(end - start + restBytes);
    start = end;
  }
  return bytes;
}

function writeLines(
  writer: ProtobufWriter,
  { values, labels, tail }: { readonly values: ValueTable; readonly labels: EncodedLabels; readonly tail: Buffer },
  { line: first, until, index: firstIndex }: { readonly line: number; readonly until: number; readonly index: number },
): void {
  const { ends, words } = labels;
  const restBytes = tail.length + DOUBLE_BYTES;
  let start = firstIndex === 0 ? 0 : ends[firstIndex - 1]!;
  for (let line = first, index = firstIndex; line < until; line++, index++) {
    const end = ends[index]!;
    writer.reserve(MAX_FIELD_BYTES);
    writer.beginDelimited(4, end - start + restBytes);
    writer.rawWords(words, start, end, restBytes);
    writer.raw(tail, 0, tail.length);
    writer.double(1, readNumber(values, line));
    start = end;
  }
}

type TailsByType = Partial<Record<FamilyType, Buffer>>;

/** The bytes between the labels of a line and its value: the labels of the source, and the start of the value's message. */
class Tails {
  readonly #extraLabels: Map<ExtraLabels, Buffer>;
  /** Without the time at which counters began. */
  readonly #known = new Map<MergeSource, TailsByType>();
  readonly #created = new Map<MergeSource, Map<number, TailsByType>>();

  constructor(extraLabels: Map<ExtraLabels, Buffer>) {
    this.#extraLabels = extraLabels;
  }

  get({ type, name }: MergedFamily, source: MergeSource): Buffer {
    const createdMs = createdFields[type] === undefined ? undefined : createdMsOf(source, name);
    const ofSource: TailsByType =
      createdMs === undefined
        ? getOrAdd(this.#known, source, () => ({}))
        : getOrAdd<number, TailsByType>(
            getOrAdd(this.#created, source, () => new Map()),
            createdMs,
            () => ({}),
          );
    ofSource[type] ??= encodeTail(type, encodedOnce(source.labels, this.#extraLabels), encodeTimestamp(createdMs));
    return ofSource[type];
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function encodeTail(type: FamilyType, extra: Buffer, created: Buffer): Buffer {
  const createdField = createdFields[type];
  const hasCreated = createdField !== undefined && created.length > 0;
  const createdBytes = hasCreated ? delimitedBytes(created.length) : 0;
  const writer = new ProtobufWriter(smallPool);
  writer.reserve(extra.length + MAX_FIELD_BYTES + createdBytes);
  writer.raw(extra, 0, extra.length);
  writer.beginDelimited(valueFields[type], DOUBLE_BYTES + createdBytes);
  if (hasCreated) {
    // Fields of a message may come in any order.
    writer.beginDelimited(createdField, created.length);
    writer.raw(created, 0, created.length);
  }
  const [written] = writer.takeAll();
  const tail = Buffer.from(written!);
  smallPool.give(written!);
  return tail;
}

function encodedOnce(labels: ExtraLabels, known: Map<ExtraLabels, Buffer>): Buffer {
  let encoded = known.get(labels);
  if (encoded === undefined) {
    encoded = encodeExtraLabels(labels);
    known.set(labels, encoded);
  }
  return encoded;
}

function writeHead(writer: ProtobufWriter, { name, help, type }: MergedFamily, metricsBytes: number): void {
  const nameBytes = Buffer.from(name);
  const helpBytes = help === undefined ? undefined : Buffer.from(unescapeHelp(help.toString('utf8')));
  const headBytes =
    delimitedBytes(nameBytes.length) + (helpBytes === undefined ? 0 : delimitedBytes(helpBytes.length)) + 2;
  writer.reserve(headBytes + MAX_FIELD_BYTES);
  writer.rawVarint(headBytes + metricsBytes);
  writer.beginDelimited(1, nameBytes.length);
  writer.raw(nameBytes, 0, nameBytes.length);
  if (helpBytes !== undefined) {
    writer.beginDelimited(2, helpBytes.length);
    writer.raw(helpBytes, 0, helpBytes.length);
  }
  writer.varint(3, typeNumbers[type]);
}

/** The metrics of one family, one after the other. */
abstract class Metrics {
  protected readonly family: MergedFamily;
  protected readonly labels = new ProtobufLabels();
  protected extra: Buffer = NOTHING;
  protected timestamp: bigint | undefined = undefined;
  readonly #extraLabels: Map<ExtraLabels, Buffer>;
  /** 0 where the type has none. */
  readonly #createdField: number;
  #created: Buffer = NOTHING;

  constructor(family: MergedFamily, extraLabels: Map<ExtraLabels, Buffer>) {
    this.family = family;
    this.#extraLabels = extraLabels;
    this.#createdField = createdFields[family.type] ?? 0;
  }

  /** Goes over all metrics: false means that the next one is loaded, true that much has been done without a pause. */
  *walk(): Generator<boolean> {
    const { parts } = this.family;
    let worked = 0;
    for (let i = 0; i < parts.length; i++) {
      const { family: part, sources } = parts[i]!;
      for (let j = 0; j < sources.length; j++) {
        const source = sources[j]!;
        this.extra = encodedOnce(source.labels, this.#extraLabels);
        this.#created = encodeTimestamp(createdMsOf(source, this.family.name));
        for (const bytes of this.load(part, source)) {
          if (bytes >= 0) {
            yield false;
          }
          worked += Math.abs(bytes);
          if (worked >= STEP_BYTES) {
            worked = 0;
            yield true;
          }
        }
      }
    }
  }

  get #createdBytes(): number {
    return this.#createdField > 0 && this.#created.length > 0 ? delimitedBytes(this.#created.length) : 0;
  }

  /** Length of the loaded metric with its labels, in bytes. */
  get byteLength(): number {
    const timestampBytes = this.timestamp === undefined ? 0 : 1 + varintBytes(this.timestamp);
    const valueBytes = delimitedBytes(this.valueBytes + this.#createdBytes);
    return this.labels.byteLength + this.extra.length + valueBytes + timestampBytes;
  }

  /** Writes the loaded metric; needs space for `byteLength`. */
  write(writer: ProtobufWriter): void {
    this.labels.write(writer);
    writer.raw(this.extra, 0, this.extra.length);
    writer.beginDelimited(valueFields[this.family.type], this.valueBytes + this.#createdBytes);
    this.writeValue(writer);
    if (this.#createdBytes > 0) {
      writer.beginDelimited(this.#createdField, this.#created.length);
      writer.raw(this.#created, 0, this.#created.length);
    }
    if (this.timestamp !== undefined) {
      writer.varint(TIMESTAMP_FIELD, this.timestamp);
    }
  }

  protected abstract readonly valueBytes: number;
  protected abstract writeValue(writer: ProtobufWriter): void;
  /** Loads the metrics of one source; yields the bytes that were worked on, negative where there is no metric yet. */
  protected abstract load(part: ScannedFamily, source: MergeSource): Generator<number>;

  protected loadLabels(series: SeriesTable, line: number, omitted?: Uint8Array): number {
    const start = seriesStart(series, line);
    const insertAt = insertAtOf(series, line);
    const bytes = series.body;
    if (insertAt < 0) {
      this.labels.load(bytes, 0, 0);
      return ~insertAt - start;
    }
    this.labels.load(bytes, bytes.indexOf(BRACE_OPEN, start) + 1, insertAt, omitted);
    return insertAt - start;
  }

  protected loadTimestamp(scan: Scan, line: number): void {
    const digits = scan.form.hasTimestamps ? readSampleLine(scan, line).timestampMs : undefined;
    this.timestamp = digits === undefined ? undefined : BigInt.asUintN(64, BigInt(digits));
  }
}

/** A `google.protobuf.Timestamp`; empty for none. */
function encodeTimestamp(ms: number | undefined): Buffer {
  if (ms === undefined) {
    return NOTHING;
  }
  const whole = Math.trunc(ms);
  const seconds = Math.trunc(whole / MS_PER_SECOND);
  const nanoseconds = (whole - seconds * MS_PER_SECOND) * NS_PER_MS;
  const writer = new ProtobufWriter(smallPool);
  writer.reserve(2 * MAX_FIELD_BYTES);
  writer.varint(1, seconds);
  writer.varint(2, nanoseconds);
  const [written] = writer.takeAll();
  const timestamp = Buffer.from(written!);
  smallPool.give(written!);
  return timestamp;
}

/** One value a metric. */
class PlainMetrics extends Metrics {
  protected override readonly valueBytes = DOUBLE_BYTES;
  #value = 0;

  protected override *load({ segments }: ScannedFamily, { scan }: MergeSource): Generator<number> {
    const { form, values } = scan;
    for (const { from, to } of segments) {
      for (let line = from; line < to; line++) {
        const bytes = this.loadLabels(form.series, line);
        this.loadTimestamp(scan, line);
        this.#value = readNumber(values, line);
        yield bytes;
      }
    }
  }

  protected override writeValue(writer: ProtobufWriter): void {
    writer.double(1, this.#value);
  }
}

/** The lines of one histogram or summary. */
interface Distribution {
  readonly firstLine: number;
  countLine: number | undefined;
  sumLine: number | undefined;
  readonly bounded: { readonly line: number; readonly bound: number }[];
}

/** `Histogram` and `Summary` have the same shape: count 1, sum 2, and bounded parts 3. */
class Distributions extends Metrics {
  readonly #isHistogram = this.family.type === 'histogram';
  readonly #boundLabel = this.#isHistogram ? 'le' : 'quantile';
  readonly #boundLabelBytes = Buffer.from(this.#boundLabel);
  /** Sources that are alike in the family share its lines. */
  readonly #known = new Map<ScannedFamily, readonly Distribution[]>();
  protected override valueBytes = 0;
  #distribution: Distribution | undefined = undefined;
  #values: ValueTable | undefined = undefined;

  protected override *load(part: ScannedFamily, { scan }: MergeSource): Generator<number> {
    const { form, values } = scan;
    let distributions = this.#known.get(part);
    if (distributions === undefined) {
      distributions = yield* this.#group(part, scan);
      this.#known.set(part, distributions);
    }
    this.#values = values;
    for (const distribution of distributions) {
      const bytes = this.loadLabels(form.series, distribution.firstLine, this.#boundLabelBytes);
      this.loadTimestamp(scan, distribution.firstLine);
      this.#distribution = distribution;
      this.valueBytes = this.#measure(values, distribution);
      yield bytes + this.valueBytes;
    }
  }

  *#group(part: ScannedFamily, scan: Scan): Generator<number, readonly Distribution[]> {
    const groups = new Map<string, Distribution>();
    for (const { from, to } of part.segments) {
      for (let line = from; line < to; line++) {
        const { name, labels } = readSampleLine(scan, line);
        const series = seriesText(scan.form.series, line, 'latin1');
        const key = keyOfSeries(series.slice(name.length), this.#boundLabel);
        let group = groups.get(key);
        if (group === undefined) {
          group = { firstLine: line, countLine: undefined, sumLine: undefined, bounded: [] };
          groups.set(key, group);
        }
        const suffix = name.slice(part.name.length);
        const bound = labels.find(([label]) => label === this.#boundLabel)?.[1];
        if (suffix === '_count') {
          group.countLine ??= line;
        } else if (suffix === '_sum') {
          group.sumLine ??= line;
        } else if (bound !== undefined) {
          group.bounded.push({ line, bound: parseValue(bound) });
        }
        yield -series.length;
      }
    }
    for (const { bounded } of groups.values()) {
      bounded.sort((a, b) => a.bound - b.bound);
    }
    return [...groups.values()];
  }

  #countOf(values: ValueTable, { countLine, bounded }: Distribution): number | bigint {
    const infinite = this.#isHistogram ? bounded.find(({ bound }) => bound === Number.POSITIVE_INFINITY) : undefined;
    const line = countLine ?? infinite?.line;
    return line === undefined ? 0 : toCount(values, line);
  }

  #measure(values: ValueTable, distribution: Distribution): number {
    let bytes = 1 + varintBytes(this.#countOf(values, distribution)) + DOUBLE_BYTES;
    for (const { line } of distribution.bounded) {
      bytes += delimitedBytes(this.#boundedBytes(values, line));
    }
    return bytes;
  }

  #boundedBytes(values: ValueTable, line: number): number {
    return this.#isHistogram ? 1 + varintBytes(toCount(values, line)) + DOUBLE_BYTES : 2 * DOUBLE_BYTES;
  }

  protected override writeValue(writer: ProtobufWriter): void {
    const values = this.#values!;
    const distribution = this.#distribution!;
    const { sumLine } = distribution;
    writer.varint(1, this.#countOf(values, distribution));
    writer.double(2, sumLine === undefined ? 0 : readNumber(values, sumLine));
    for (const { line, bound } of distribution.bounded) {
      writer.beginDelimited(3, this.#boundedBytes(values, line));
      if (this.#isHistogram) {
        writer.varint(1, toCount(values, line));
        writer.double(2, bound);
      } else {
        writer.double(1, bound);
        writer.double(2, readNumber(values, line));
      }
    }
  }
}

/** A count as the wire has it: an unsigned integer; what is none counts as 0. */
function toCount(values: ValueTable, line: number): number | bigint {
  const number = readNumber(values, line);
  if (Number.isSafeInteger(number) && number >= 0) {
    return Math.abs(number); // 0 for -0
  }
  const [value = ''] = valueText(values, line).split(' ', 1);
  if (/^\d+$/.test(value)) {
    return BigInt.asUintN(64, BigInt(value));
  }
  return number > 0 && Number.isFinite(number) ? BigInt.asUintN(64, BigInt(Math.round(number))) : 0;
}
