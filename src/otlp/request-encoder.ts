/**
 * The interface of the encodings of ExportMetricsServiceRequest. Resources are written one after the other, each with its
 * metrics, each with its data points.
 */
import type { Scan } from '../exposition/index.ts';
import type { ByteWriter } from './byte-writer.ts';

/** The values of a body, by line. */
export type Values = Scan['values'];

/** Attributes in the order in which they are written. */
export type Attributes = readonly (readonly [name: string, value: string])[];

export type MetricKind = 'gauge' | 'histogram' | 'sum' | 'summary';

/** Description of a metric, which its data points share. */
export interface MetricHead {
  readonly name: string;
  /** UCUM, as the semantic conventions write it; empty if there is none. */
  readonly unit: string;
  readonly description: string;
  readonly kind: MetricKind;
  /** Whether the value of a sum never decreases. */
  readonly isMonotonic: boolean;
}

export interface Times {
  /** When counters were 0, in seconds since 1970; undefined if it is not known. */
  readonly startSeconds: number | undefined;
  /** When the values were read. */
  readonly endSeconds: number;
}

/** Points of a gauge or a sum, one for each line. */
export interface NumberPoints {
  readonly lines: Int32Array;
  /** The encoded attributes of all points, one after the other. */
  readonly attributes: Buffer;
  /** Offset of the end of each point's attributes. */
  readonly ends: Uint32Array;
}

/** The value of a histogram. */
export interface HistogramValue {
  readonly sum: number | undefined;
  readonly count: number;
  /** Count of each bucket alone; one more than there are limits. */
  readonly bucketCounts: readonly number[];
  readonly limits: readonly number[];
}

/** The value of a summary. */
export interface SummaryValue {
  readonly sum: number;
  readonly count: number;
  readonly quantiles: readonly (readonly [quantile: number, value: number])[];
}

/** What an endpoint has rejected of a request that it has accepted. */
export interface PartialSuccess {
  readonly rejectedPoints: number;
  readonly message: string;
}

export interface RequestEncoder {
  /** Value of `Content-Type`. */
  readonly contentType: string;
  /** The attributes of a data point. */
  encodeAttributes(attributes: Attributes, kind: MetricKind): Buffer;
  encodeTimes(times: Times): Buffer;
  encodeHead(head: MetricHead): Buffer;
  encodeResource(attributes: Attributes): Buffer;
  /** `version`: of the package. */
  encodeScope(version: string): Buffer;
  beginResource(writer: ByteWriter, resource: Buffer, scope: Buffer): void;
  endResource(writer: ByteWriter): void;
  beginMetric(writer: ByteWriter, head: MetricHead, encoded: Buffer): void;
  endMetric(writer: ByteWriter, head: MetricHead): void;
  /** Writes the points from `from` up to `to`, without those whose values are no finite numbers; returns how many it has written. */
  writeNumbers(
    writer: ByteWriter,
    points: NumberPoints,
    values: Values,
    times: Buffer,
    range: { readonly from: number; readonly to: number },
  ): number;
  writeHistogram(writer: ByteWriter, attributes: Buffer, times: Buffer, value: HistogramValue): void;
  writeSummary(writer: ByteWriter, attributes: Buffer, times: Buffer, value: SummaryValue): void;
  /** A request of the encoded resources, which are in it as they are: see `joint`. */
  join(resources: readonly Buffer[]): Buffer;
  /** Bytes that `join` writes before the first resource, and between two. */
  readonly joint: { readonly headBytes: number; readonly separatorBytes: number };
  /** @throws for a body that is no ExportMetricsServiceResponse */
  readResponse(body: Buffer): PartialSuccess;
}

const NS_PER_SECOND = 1_000_000_000n;

export function toNanoseconds(seconds: number): bigint {
  const whole = Math.floor(seconds);
  return BigInt(whole) * NS_PER_SECOND + BigInt(Math.min(999_999_999, Math.round((seconds - whole) * 1e9)));
}
