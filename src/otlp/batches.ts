/**
 * Encodes a merge plan as requests of OTLP: each has metrics of many sandboxes and of the node, grouped by resource, up
 * to a number of data points.
 */

import type { Origin } from '../catalog/index.ts';
import { countSamples, type MergePlan, readSampleLine, type Scan } from '../exposition/index.ts';
import { ByteWriter } from './byte-writer.ts';
import { FamilyPoints, readHistogram, readSummary } from './family-points.ts';
import { groupByResource, type Metric, type Resource, type Slice } from './group-by-resource.ts';
import type { Attributes, MetricHead, RequestEncoder, Times } from './request-encoder.ts';

/** Below the limit of the body in a collector, 20 MiB over HTTP and 4 MiB over gRPC. A data point has about 100 bytes. */
export const MAX_POINTS = 8192;
/** Requests are finished when they have as many bytes, for points with long attributes. */
export const MAX_BATCH_BYTES = 2 * 1024 * 1024;

/** Times are nanoseconds in 64 bits, which many readers take with a sign. */
const MAX_SECONDS = 2 ** 63 / 1e9;

/** Data points that are written without a pause. */
const STEP_POINTS = 512;
/** Bytes of attributes that are encoded without a pause. */
const STEP_BYTES = 128 * 1024;

/** The metrics of one resource in a batch. */
export interface Part {
  /** Subject, for messages. */
  readonly what: string;
  readonly points: number;
  /** Encoded, to be joined with others by the encoder. */
  readonly body: Buffer;
}

export interface Batch {
  readonly parts: readonly Part[];
  readonly points: number;
}

export interface BatchOptions {
  /** Version of the package. */
  readonly version: string;
  /** Attributes of the monitor and of every sandbox. */
  readonly common: Readonly<Record<string, string>>;
  /** Times of a sandbox, or of the node if the id is undefined. */
  readonly timesOf: (sandboxId: string | undefined, origin: Origin) => Times;
  /** Called with the number of samples that OTLP cannot say. */
  readonly onDropped: (count: number) => void;
}

/** Keeps the parts that are the same in each push. */
export class BatchWriter {
  readonly #encoder: RequestEncoder;
  readonly #points: FamilyPoints;
  readonly #writer = new ByteWriter();

  constructor(encoder: RequestEncoder) {
    this.#encoder = encoder;
    this.#points = new FamilyPoints(encoder);
  }

  /** Batches, and undefined where the caller may do other things. A batch is valid until the next step. */
  *write(plan: MergePlan, options: BatchOptions): Generator<Batch | undefined> {
    const grouping = groupByResource(plan);
    let step = grouping.next();
    for (; step.done !== true; step = grouping.next()) {
      yield undefined;
    }
    const resources = step.value;
    const open = new OpenBatch(this.#encoder, this.#writer, options);
    // The same metrics of all resources are adjacent, which halves the work of the compression.
    const places = resources.map(() => 0);
    for (const metricsEnd of planBatches(resources)) {
      for (let i = 0; i < resources.length; i++) {
        places[i] = yield* this.#writeResource(resources[i]!, { from: places[i]!, metricsEnd }, open, options);
      }
      if (open.points > 0) {
        yield open.close();
      }
    }
  }

  /** Writes the slices from `from` up to the metric `metricsEnd`; returns the first of the rest. */
  *#writeResource(
    resource: Resource,
    { from, metricsEnd }: { readonly from: number; readonly metricsEnd: number },
    open: OpenBatch,
    options: BatchOptions,
  ): Generator<Batch | undefined, number> {
    const { slices, scans } = resource;
    let i = from;
    if (i === slices.length || slices[i]!.metric.index >= metricsEnd) {
      return i;
    }
    open.beginResource(resource);
    let worked = 0;
    for (; i < slices.length && slices[i]!.metric.index < metricsEnd; i++) {
      const writing = this.#writeSlice(slices[i]!, scans[i]!, open, options);
      for (let step = writing.next(); step.done !== true; step = writing.next()) {
        worked += step.value;
        if (open.isFull) {
          yield open.close();
          open.beginResource(resource);
        } else if (worked >= STEP_POINTS) {
          worked = 0;
          yield undefined;
        }
      }
    }
    open.endResource();
    return i;
  }

  /** Yields how many points it has worked on. */
  *#writeSlice(slice: Slice, scan: Scan, open: OpenBatch, { onDropped }: BatchOptions): Generator<number> {
    const { metric, family, lines } = slice;
    const { head, familyName, name } = metric;
    const request = { family, scan, familyName, name, kind: head.kind };
    const { values } = scan;
    if (head.kind === 'gauge' || head.kind === 'sum') {
      const encoding = lines === undefined ? this.#points.numbers(request) : this.#points.encodeNumbers(request, lines);
      let step = encoding.next();
      for (; step.done !== true; step = encoding.next()) {
        yield STEP_POINTS;
      }
      const points = step.value;
      const count = points.lines.length;
      const stepPoints = Math.min(STEP_POINTS, Math.ceil((STEP_BYTES * count) / (points.attributes.length + 1)));
      for (let from = 0; from < count; ) {
        const to = Math.min(count, from + stepPoints);
        const times = open.times(metric);
        const written = scan.form.hasTimestamps
          ? this.#writeTimed(points.lines.subarray(from, to), { scan, open, metric, points, from })
          : open.add(metric, (writer) => this.#encoder.writeNumbers(writer, points, values, times, { from, to }));
        onDropped(to - from - written);
        yield to - from;
        from = to;
      }
      return;
    }
    const encoding =
      lines === undefined
        ? this.#points.distributions(request)
        : this.#points.encodeDistributions({ ...request, sampleName: family.name }, lines);
    let step = encoding.next();
    for (; step.done !== true; step = encoding.next()) {
      yield STEP_POINTS;
    }
    for (const distribution of step.value) {
      const { attributes } = distribution;
      const times = open.times(metric);
      let isWritten = false;
      if (head.kind === 'histogram') {
        const value = readHistogram(values, distribution);
        isWritten =
          value !== undefined &&
          open.add(metric, (writer) => {
            this.#encoder.writeHistogram(writer, attributes, times, value);
            return 1;
          }) > 0;
      } else {
        const value = readSummary(values, distribution);
        isWritten =
          value !== undefined &&
          open.add(metric, (writer) => {
            this.#encoder.writeSummary(writer, attributes, times, value);
            return 1;
          }) > 0;
      }
      onDropped(isWritten ? 0 : distribution.lines);
      yield distribution.lines;
    }
  }

  /** Lines that have their own times, which is seldom. */
  #writeTimed(
    lines: Int32Array,
    {
      scan,
      open,
      metric,
      points,
      from,
    }: {
      readonly scan: Scan;
      readonly open: OpenBatch;
      readonly metric: Metric;
      readonly points: Parameters<RequestEncoder['writeNumbers']>[1];
      readonly from: number;
    },
  ): number {
    let written = 0;
    lines.forEach((line, i) => {
      const { timestampMs } = readSampleLine(scan, line);
      const seconds = timestampMs === undefined ? undefined : Number(timestampMs) / 1000;
      if (seconds !== undefined && !(seconds >= 0 && seconds < MAX_SECONDS)) {
        // Receivers would reject the request, with all other metrics.
        return;
      }
      const times = open.times(metric, seconds);
      const range = { from: from + i, to: from + i + 1 };
      written += open.add(metric, (writer) => this.#encoder.writeNumbers(writer, points, scan.values, times, range));
    });
    return written;
  }
}

/** The metrics after each batch, by their index: as many as have `MAX_POINTS` samples in all resources, but at least one. */
function planBatches(resources: readonly Resource[]): number[] {
  const samples: number[] = [];
  for (const { slices } of resources) {
    for (const { metric, family, lines } of slices) {
      samples[metric.index] = (samples[metric.index] ?? 0) + (lines?.length ?? countSamples(family));
    }
  }
  const ends: number[] = [];
  let sum = 0;
  for (let index = 0; index < samples.length; index++) {
    const ofMetric = samples[index] ?? 0;
    if (sum > 0 && sum + ofMetric > MAX_POINTS) {
      ends.push(index);
      sum = 0;
    }
    sum += ofMetric;
  }
  return [...ends, samples.length];
}

/** The batch that is being written. */
class OpenBatch {
  readonly #encoder: RequestEncoder;
  readonly #writer: ByteWriter;
  readonly #options: BatchOptions;
  readonly #heads = new Map<Metric, Buffer>();
  readonly #resources = new Map<Resource, Buffer>();
  readonly #scope: Buffer;
  #parts: { what: string; points: number; start: number; end: number }[] = [];
  #resource: Resource | undefined;
  #times: Partial<Record<Origin, Buffer>> = {};
  #resourceStart = 0;
  #resourcePoints = 0;
  #metric: MetricHead | undefined;
  points = 0;

  constructor(encoder: RequestEncoder, writer: ByteWriter, options: BatchOptions) {
    this.#encoder = encoder;
    this.#writer = writer;
    this.#options = options;
    this.#scope = encoder.encodeScope(options.version);
    writer.truncate(0);
  }

  get isFull(): boolean {
    return this.points >= MAX_POINTS || this.#writer.length >= MAX_BATCH_BYTES;
  }

  beginResource(resource: Resource): void {
    this.#resource = resource;
    this.#times = {};
    this.#resourceStart = this.#writer.length;
    this.#resourcePoints = 0;
    let encoded = this.#resources.get(resource);
    if (encoded === undefined) {
      encoded = this.#encoder.encodeResource(toAttributes(resource, this.#options));
      this.#resources.set(resource, encoded);
    }
    this.#encoder.beginResource(this.#writer, encoded, this.#scope);
  }

  endResource(): void {
    this.#endMetric();
    const { sandboxId } = this.#resource!;
    this.#encoder.endResource(this.#writer);
    if (this.#resourcePoints === 0) {
      this.#writer.truncate(this.#resourceStart);
      return;
    }
    const what = sandboxId === '' ? 'the node' : `sandbox "${sandboxId}"`;
    const place = { start: this.#resourceStart, end: this.#writer.length };
    this.#parts.push({ what, points: this.#resourcePoints, ...place });
    this.#resourcePoints = 0;
    this.#resource = undefined;
  }

  /** Times of the resource; `endSeconds` where a sample has its own. */
  times({ origin }: Metric, endSeconds?: number): Buffer {
    const sandboxId = this.#resource!.sandboxId;
    const { timesOf } = this.#options;
    const read = (): Times => timesOf(sandboxId === '' ? undefined : sandboxId, origin);
    if (endSeconds !== undefined) {
      const { startSeconds } = read();
      // A start after the end would be invalid.
      const start = startSeconds === undefined ? undefined : Math.min(startSeconds, endSeconds);
      return this.#encoder.encodeTimes({ startSeconds: start, endSeconds });
    }
    this.#times[origin] ??= this.#encoder.encodeTimes(read());
    return this.#times[origin];
  }

  /** `write` writes points and returns how many; a metric without any is not sent. */
  add(metric: Metric, write: (writer: ByteWriter) => number): number {
    const { head } = metric;
    const before = this.#writer.length;
    const isNew = this.#metric === undefined || !isSameMetric(this.#metric, head);
    if (isNew) {
      this.#endMetric();
    }
    const start = this.#writer.length;
    if (isNew) {
      let encoded = this.#heads.get(metric);
      if (encoded === undefined) {
        encoded = this.#encoder.encodeHead(head);
        this.#heads.set(metric, encoded);
      }
      this.#encoder.beginMetric(this.#writer, head, encoded);
      this.#metric = head;
    }
    const written = write(this.#writer);
    if (written === 0 && isNew) {
      this.#encoder.endMetric(this.#writer, head);
      this.#writer.truncate(start);
      this.#metric = undefined;
    } else if (written === 0) {
      this.#writer.truncate(before);
    }
    this.points += written;
    this.#resourcePoints += written;
    return written;
  }

  /** The parts are those of the buffer that the next batch uses again. */
  close(): Batch {
    if (this.#resource !== undefined) {
      this.endResource();
    }
    const { points } = this;
    const { written } = this.#writer;
    const parts = this.#parts.map(({ start, end, ...part }) => ({ ...part, body: written.subarray(start, end) }));
    this.#parts = [];
    this.points = 0;
    this.#writer.truncate(0);
    return { parts, points };
  }

  #endMetric(): void {
    if (this.#metric !== undefined) {
      this.#encoder.endMetric(this.#writer, this.#metric);
      this.#metric = undefined;
    }
  }
}

function isSameMetric(a: MetricHead, b: MetricHead): boolean {
  return a === b || (a.name === b.name && a.kind === b.kind && a.unit === b.unit && a.isMonotonic === b.isMonotonic);
}

function toAttributes({ sandboxId, labels }: Resource, { common, version }: BatchOptions): Attributes {
  const ofResource: Readonly<Record<string, string | undefined>> =
    sandboxId === ''
      ? {
          'service.instance.id': common['host.name'],
          'service.name': 'kata-monitor',
          'service.version': version,
        }
      : {
          'service.name': 'kata-sandbox',
          'service.instance.id': sandboxId,
          'kata.sandbox.id': sandboxId,
          'k8s.namespace.name': labels.get('cri_namespace'),
          'k8s.pod.name': labels.get('cri_name'),
          'k8s.pod.uid': labels.get('cri_uid'),
        };
  return Object.entries({ ...common, ...ofResource }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  );
}
