/**
 * ExportMetricsServiceRequest in the JSON mapping of protobuf: 64-bit integers are text.
 * Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
import { readNumber } from '../exposition/index.ts';
import type { ByteWriter } from './byte-writer.ts';
import {
  type Attributes,
  type HistogramValue,
  type MetricHead,
  type NumberPoints,
  type PartialSuccess,
  type RequestEncoder,
  type SummaryValue,
  type Times,
  toNanoseconds,
  type Values,
} from './request-encoder.ts';

const HEAD = Buffer.from('{"resourceMetrics":[');
const END = Buffer.from(']}');
const CUMULATIVE = '"aggregationTemporality":2,';

export class JsonEncoder implements RequestEncoder {
  readonly contentType = 'application/json';
  readonly joint = { headBytes: HEAD.length, separatorBytes: 1 };

  encodeAttributes(attributes: Attributes): Buffer {
    return Buffer.from(toKeyValues(attributes));
  }

  encodeTimes({ startSeconds = 0, endSeconds }: Times): Buffer {
    return Buffer.from(
      `"startTimeUnixNano":"${toNanoseconds(startSeconds)}","timeUnixNano":"${toNanoseconds(endSeconds)}"`,
    );
  }

  encodeHead({ name, description, unit }: MetricHead): Buffer {
    const text = JSON.stringify({ name: toUnicode(name), description: toUnicode(description), unit });
    return Buffer.from(text.slice(0, -1));
  }

  encodeResource(attributes: Attributes): Buffer {
    return Buffer.from(`{"attributes":[${toKeyValues(attributes)}]}`);
  }

  encodeScope(version: string): Buffer {
    return Buffer.from(JSON.stringify({ name: 'kata-monitor', version }));
  }

  beginResource(writer: ByteWriter, resource: Buffer, scope: Buffer): void {
    writer.text('{"resource":');
    writer.raw(resource);
    writer.text(',"scopeMetrics":[{"scope":');
    writer.raw(scope);
    writer.text(',"metrics":[');
  }

  endResource(writer: ByteWriter): void {
    writer.text(']}]}');
  }

  beginMetric(writer: ByteWriter, { kind, isMonotonic }: MetricHead, encoded: Buffer): void {
    separate(writer);
    writer.raw(encoded);
    const temporality = kind === 'sum' || kind === 'histogram' ? CUMULATIVE : '';
    const monotonic = kind === 'sum' ? `"isMonotonic":${isMonotonic},` : '';
    writer.text(`,"${kind}":{${temporality}${monotonic}"dataPoints":[`);
  }

  endMetric(writer: ByteWriter): void {
    writer.text(']}}');
  }

  writeNumbers(
    writer: ByteWriter,
    { lines, attributes, ends }: NumberPoints,
    values: Values,
    times: Buffer,
    { from, to }: { readonly from: number; readonly to: number },
  ): number {
    let written = 0;
    for (let i = from; i < to; i++) {
      const value = readNumber(values, lines[i]!);
      if (Number.isFinite(value)) {
        const own = attributes.subarray(i === 0 ? 0 : ends[i - 1], ends[i]);
        writePoint(writer, own, times, `"asDouble":${JSON.stringify(value)}`);
        written++;
      }
    }
    return written;
  }

  writeHistogram(
    writer: ByteWriter,
    attributes: Buffer,
    times: Buffer,
    { sum, count, bucketCounts, limits }: HistogramValue,
  ): void {
    const value = { count: `${count}`, sum, bucketCounts: bucketCounts.map(String), explicitBounds: limits };
    writePoint(writer, attributes, times, JSON.stringify(value).slice(1, -1));
  }

  writeSummary(writer: ByteWriter, attributes: Buffer, times: Buffer, { sum, count, quantiles }: SummaryValue): void {
    const quantileValues = quantiles.map(([quantile, value]) => ({ quantile, value }));
    const value = { count: `${count}`, sum, quantileValues };
    writePoint(writer, attributes, times, JSON.stringify(value).slice(1, -1));
  }

  join(resources: readonly Buffer[]): Buffer {
    const comma = Buffer.from(',');
    const parts = resources.flatMap((resource, i) => (i === 0 ? [resource] : [comma, resource]));
    return Buffer.concat([HEAD, ...parts, END]);
  }

  readResponse(body: Buffer): PartialSuccess {
    const { partialSuccess } = JSON.parse(body.toString()) as { partialSuccess?: Record<string, unknown> };
    const { rejectedDataPoints = 0, errorMessage = '' } = partialSuccess ?? {};
    return { rejectedPoints: Number(rejectedDataPoints), message: String(errorMessage) };
  }
}

const BRACKET_OPEN = 91;

/** A comma, unless a list begins. */
function separate(writer: ByteWriter): void {
  if (writer.lastByte !== BRACKET_OPEN) {
    writer.text(',');
  }
}

function writePoint(writer: ByteWriter, attributes: Uint8Array, times: Buffer, value: string): void {
  separate(writer);
  writer.text('{"attributes":[');
  writer.raw(attributes);
  writer.text('],');
  writer.raw(times);
  writer.text(`,${value}}`);
}

function toKeyValues(attributes: Attributes): string {
  return attributes
    .map(([key, value]) => JSON.stringify({ key: toUnicode(key), value: { stringValue: toUnicode(value) } }))
    .join(',');
}

/** Half of a surrogate pair is no Unicode, and has no JSON that every reader takes. */
function toUnicode(text: string): string {
  return text.toWellFormed();
}
