/**
 * Writes a merge plan as length-delimited `io.prometheus.client.MetricFamily` messages.
 * Source of the field numbers: metrics.proto of github.com/prometheus/client_model.
 */
import type { FamilyType } from './family.ts';
import type { MergedFamily, MergePlan, MergeSource } from './merge.ts';
import { parseValue } from './number.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { readSampleLine, type SampleLine } from './sample-line.ts';
import type { ScannedFamily } from './scanned-body.ts';

const typeNumbers: Readonly<Record<FamilyType, number>> = {
  counter: 0,
  gauge: 1,
  summary: 2,
  unknown: 3,
  histogram: 4,
};

/** Field of `Metric` that holds the value of a plain type: a message whose field 1 is a double. */
const valueFields: Readonly<Record<'counter' | 'gauge' | 'unknown', number>> = { gauge: 2, counter: 3, unknown: 5 };

/** The answer, one chunk for each family that has samples: a message without any is what the receiver rejects. */
export function* writeProtobuf(plan: MergePlan): Generator<Buffer> {
  const delimited = new ProtobufWriter();
  for (const family of plan.families) {
    const message = encodeFamily(family);
    if (message !== undefined) {
      delimited.bytes(message);
      yield delimited.take();
    }
  }
}

function encodeFamily(family: MergedFamily): Buffer | undefined {
  const writer = new ProtobufWriter();
  writer.string(1, family.name);
  if (family.help !== undefined) {
    writer.string(2, unescapeHelp(family.help.toString('utf8')));
  }
  writer.varint(3, typeNumbers[family.type]);
  let metrics = 0;
  for (const metric of encodeMetrics(family)) {
    writer.message(4, metric);
    metrics++;
  }
  return metrics === 0 ? undefined : writer.take();
}

function sharesOf({ parts }: MergedFamily): { readonly source: MergeSource; readonly part: ScannedFamily }[] {
  return parts.flatMap(({ family, sources }) => sources.map((source) => ({ source, part: family })));
}

function* encodeMetrics(family: MergedFamily): Generator<Buffer> {
  const metric = new ProtobufWriter();
  for (const { source, part } of sharesOf(family)) {
    const samples = part.segments.flatMap(({ from, to }) =>
      Array.from({ length: to - from }, (_, i) => readSampleLine(source.scan.lines, from + i)),
    );
    const { type } = family;
    if (type === 'histogram' || type === 'summary') {
      for (const group of groupByLabels(samples, type === 'histogram' ? 'le' : 'quantile')) {
        writeLabels(metric, [...group.labels, ...source.labels.pairs]);
        metric.message(type === 'histogram' ? 7 : 4, encodeDistribution(group.samples, type, part.name));
        writeTimestamp(metric, group.samples[0]);
        yield metric.take();
      }
      continue;
    }
    for (const sample of samples) {
      writeLabels(metric, [...sample.labels, ...source.labels.pairs]);
      const value = new ProtobufWriter();
      value.double(1, parseValue(sample.value));
      metric.message(valueFields[type], value.take());
      writeTimestamp(metric, sample);
      yield metric.take();
    }
  }
}

interface LabelledSample {
  readonly sample: SampleLine;
  /** `le` of a bucket, `quantile` of a quantile. */
  readonly bound: string | undefined;
}

interface SampleGroup {
  readonly labels: SampleLine['labels'];
  readonly samples: SampleLine[];
}

/** Samples that are one histogram or summary: alike in all labels but the bound. */
function groupByLabels(samples: readonly SampleLine[], boundLabel: string): Iterable<SampleGroup> {
  const groups = new Map<string, SampleGroup>();
  for (const sample of samples) {
    const labels = sample.labels.filter(([name]) => name !== boundLabel);
    const key = JSON.stringify(labels);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { labels, samples: [sample] });
    } else {
      group.samples.push(sample);
    }
  }
  return groups.values();
}

/** `Histogram` and `Summary` have the same shape: count 1, sum 2, and bounded parts 3. */
function encodeDistribution(samples: readonly SampleLine[], type: 'histogram' | 'summary', name: string): Buffer {
  const writer = new ProtobufWriter();
  const count = samples.find((sample) => sample.name === `${name}_count`);
  const sum = samples.find((sample) => sample.name === `${name}_sum`);
  const bounded = samples.map((sample) => toBounded(sample, type)).filter(({ bound }) => bound !== undefined);
  const total = count ?? bounded.find(({ bound }) => type === 'histogram' && bound === '+Inf')?.sample;
  writer.varint(1, toCount(total?.value));
  writer.double(2, parseValue(sum?.value ?? '0'));
  for (const { sample, bound } of bounded) {
    const part = new ProtobufWriter();
    if (type === 'histogram') {
      part.varint(1, toCount(sample.value));
      part.double(2, parseValue(bound!));
    } else {
      part.double(1, parseValue(bound!));
      part.double(2, parseValue(sample.value));
    }
    writer.message(3, part.take());
  }
  return writer.take();
}

function toBounded(sample: SampleLine, type: 'histogram' | 'summary'): LabelledSample {
  const label = type === 'histogram' ? 'le' : 'quantile';
  return { sample, bound: sample.labels.find(([name]) => name === label)?.[1] };
}

/** A count as the wire has it: an unsigned integer; what is none counts as 0. */
function toCount(value: string | undefined): bigint {
  const number = parseValue(value ?? '0');
  if (/^\d+$/.test(value ?? '')) {
    return BigInt.asUintN(64, BigInt(value!));
  }
  return number > 0 && Number.isFinite(number) ? BigInt.asUintN(64, BigInt(Math.round(number))) : 0n;
}

function writeLabels(metric: ProtobufWriter, labels: SampleLine['labels']): void {
  for (const [name, value] of labels) {
    const pair = new ProtobufWriter();
    pair.string(1, name);
    pair.string(2, value);
    metric.message(1, pair.take());
  }
}

function writeTimestamp(metric: ProtobufWriter, sample: SampleLine | undefined): void {
  if (sample?.timestampMs !== undefined) {
    metric.varint(6, BigInt.asUintN(64, BigInt(sample.timestampMs)));
  }
}

function unescapeHelp(help: string): string {
  return help.replace(/\\([\\n])/g, (_, c: string) => (c === 'n' ? '\n' : '\\'));
}
