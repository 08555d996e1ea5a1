/**
 * ExportMetricsServiceRequest as protobuf. Source of the field numbers: metrics.proto, common.proto and resource.proto of
 * github.com/open-telemetry/opentelemetry-proto, version 1.
 */
import { readNumber } from '../exposition/index.ts';
import { ByteWriter, delimitedBytes, FIXED64_BYTES } from './byte-writer.ts';
import {
  type Attributes,
  type HistogramValue,
  type MetricHead,
  type MetricKind,
  type NumberPoints,
  type PartialSuccess,
  type RequestEncoder,
  type SummaryValue,
  type Times,
  toNanoseconds,
  type Values,
} from './request-encoder.ts';
import { ExportResponse } from './response-messages.ts';

const RESOURCE_METRICS = 1;
/** Fields of `Metric`. */
const kindFields: Readonly<Record<MetricKind, number>> = { gauge: 5, sum: 7, histogram: 9, summary: 11 };
/** Field numbers of the attributes in the messages of data points. */
const attributeFields: Readonly<Record<MetricKind, number>> = { gauge: 7, sum: 7, histogram: 9, summary: 7 };
const CUMULATIVE = 2;

/** Writer for short texts that are encoded and copied. */
const scratch = new ByteWriter();

export class ProtobufEncoder implements RequestEncoder {
  readonly contentType = 'application/x-protobuf';
  readonly joint = { headBytes: 0, separatorBytes: 0 };
  readonly #open: number[] = [];

  encodeAttributes(attributes: Attributes, kind: MetricKind): Buffer {
    return encodeKeyValues(attributeFields[kind], attributes);
  }

  encodeTimes({ startSeconds = 0, endSeconds }: Times): Buffer {
    scratch.truncate(0);
    scratch.fixed64(2, toNanoseconds(startSeconds));
    scratch.fixed64(3, toNanoseconds(endSeconds));
    return Buffer.from(scratch.written);
  }

  encodeHead({ name, description, unit }: MetricHead): Buffer {
    scratch.truncate(0);
    scratch.string(1, name);
    scratch.string(2, description);
    scratch.string(3, unit);
    return Buffer.from(scratch.written);
  }

  encodeResource(attributes: Attributes): Buffer {
    return encodeKeyValues(1, attributes);
  }

  encodeScope(version: string): Buffer {
    scratch.truncate(0);
    scratch.string(1, 'kata-monitor');
    scratch.string(2, version);
    return Buffer.from(scratch.written);
  }

  beginResource(writer: ByteWriter, resource: Buffer, scope: Buffer): void {
    this.#open.push(writer.beginMessage(RESOURCE_METRICS));
    writer.beginDelimited(1, resource.length);
    writer.raw(resource);
    this.#open.push(writer.beginMessage(2));
    writer.beginDelimited(1, scope.length);
    writer.raw(scope);
  }

  endResource(writer: ByteWriter): void {
    writer.endMessage(this.#open.pop()!);
    writer.endMessage(this.#open.pop()!);
  }

  beginMetric(writer: ByteWriter, { kind, isMonotonic }: MetricHead, encoded: Buffer): void {
    this.#open.push(writer.beginMessage(2));
    writer.raw(encoded);
    this.#open.push(writer.beginMessage(kindFields[kind]));
    if (kind === 'sum' || kind === 'histogram') {
      writer.small(2, CUMULATIVE);
    }
    if (isMonotonic) {
      writer.small(3, 1);
    }
  }

  endMetric(writer: ByteWriter): void {
    writer.endMessage(this.#open.pop()!);
    writer.endMessage(this.#open.pop()!);
  }

  writeNumbers(
    writer: ByteWriter,
    { lines, attributes, ends }: NumberPoints,
    values: Values,
    times: Buffer,
    { from, to }: { readonly from: number; readonly to: number },
  ): number {
    let written = 0;
    let start = from === 0 ? 0 : ends[from - 1]!;
    for (let i = from; i < to; i++) {
      const end = ends[i]!;
      const value = readNumber(values, lines[i]!);
      if (Number.isFinite(value)) {
        writer.beginDelimited(1, times.length + FIXED64_BYTES + end - start);
        writer.rawReserved(times, 0, times.length);
        writer.double(4, value);
        writer.rawReserved(attributes, start, end);
        written++;
      }
      start = end;
    }
    return written;
  }

  writeHistogram(
    writer: ByteWriter,
    attributes: Buffer,
    times: Buffer,
    { sum, count, bucketCounts, limits }: HistogramValue,
  ): void {
    const point = writer.beginMessage(1);
    writer.raw(times);
    writer.fixed64(4, BigInt(count));
    if (sum !== undefined) {
      writer.double(5, sum);
    }
    packFixed64(writer, 6, bucketCounts, (view, at, value) => view.setBigUint64(at, BigInt(value), true));
    packFixed64(writer, 7, limits, (view, at, value) => view.setFloat64(at, value, true));
    writer.raw(attributes);
    writer.endMessage(point);
  }

  writeSummary(writer: ByteWriter, attributes: Buffer, times: Buffer, { sum, count, quantiles }: SummaryValue): void {
    const point = writer.beginMessage(1);
    writer.raw(times);
    writer.fixed64(4, BigInt(count));
    writer.double(5, sum);
    for (const [quantile, value] of quantiles) {
      writer.beginDelimited(6, 2 * FIXED64_BYTES);
      writer.double(1, quantile);
      writer.double(2, value);
    }
    writer.raw(attributes);
    writer.endMessage(point);
  }

  /** Messages that are concatenated are one message, whose repeated fields have all values. */
  join(resources: readonly Buffer[]): Buffer {
    return Buffer.concat(resources);
  }

  readResponse(body: Buffer): PartialSuccess {
    const { rejectedDataPoints = 0n, errorMessage = Buffer.alloc(0) } =
      ExportResponse.decode(body).partialSuccess ?? {};
    return { rejectedPoints: Number(rejectedDataPoints), message: Buffer.from(errorMessage).toString() };
  }
}

/** `KeyValue` messages with values that are text. */
function encodeKeyValues(field: number, attributes: Attributes): Buffer {
  scratch.truncate(0);
  for (const [name, value] of attributes) {
    const nameBytes = delimitedBytes(Buffer.byteLength(name));
    const anyBytes = delimitedBytes(Buffer.byteLength(value));
    scratch.beginDelimited(field, nameBytes + delimitedBytes(anyBytes));
    scratch.string(1, name);
    scratch.beginDelimited(2, anyBytes);
    scratch.string(1, value);
  }
  return Buffer.from(scratch.written);
}

function packFixed64(
  writer: ByteWriter,
  field: number,
  items: readonly number[],
  set: (view: DataView, at: number, value: number) => void,
): void {
  const bytes = new Uint8Array(8 * items.length);
  const view = new DataView(bytes.buffer);
  for (const [i, item] of items.entries()) {
    set(view, 8 * i, item);
  }
  writer.beginDelimited(field, bytes.length);
  writer.raw(bytes);
}
