/**
 * A family of one sandbox, or of the node, as metrics of the OpenTelemetry SDK. Drops what OTLP cannot say: values that are
 * no finite numbers, and histograms whose buckets are not complete. Pure.
 */
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { type OtelName, toAttributeName, toOtelName } from './conventions.ts';
import type { TextFamily, TextSample } from './text-families.ts';

export interface Times {
  /** When counters were 0, in seconds since 1970; undefined if it is not known. */
  readonly startSeconds: number | undefined;
  /** When the values were read. */
  readonly endSeconds: number;
}

export interface Converted {
  readonly metrics: readonly MetricData[];
  readonly points: number;
  /** Samples that OTLP cannot say. */
  readonly dropped: number;
}

/** Labels that are attributes of the resource. */
const ofResource: ReadonlySet<string> = new Set(['sandbox_id', 'cri_name', 'cri_namespace', 'cri_uid']);

/** `samples`: those of the family that are of one resource. */
export function toMetrics(family: TextFamily, samples: readonly TextSample[], times: Times): Converted {
  const name = toOtelName(family.name);
  const hrTimes = { startTime: toHrTime(times.startSeconds ?? 0), endTime: toHrTime(times.endSeconds) };
  if (family.type === 'histogram') {
    return toHistogram(family, name, samples, hrTimes);
  }
  const parts = family.type === 'summary' ? splitSummary(family, name, samples) : [{ family, name, samples }];
  const converted = parts.map((part) => toNumbers(part, hrTimes));
  const metrics = converted.filter(({ dataPoints }) => dataPoints.length > 0);
  const points = metrics.reduce((sum, { dataPoints }) => sum + dataPoints.length, 0);
  return { metrics, points, dropped: samples.length - points };
}

interface Part {
  readonly family: Pick<TextFamily, 'help' | 'name' | 'type'>;
  readonly name: OtelName;
  readonly samples: readonly TextSample[];
}

/** The SDK has no summaries: their sum and count are counters, their quantiles a gauge. */
function splitSummary(family: TextFamily, name: OtelName, samples: readonly TextSample[]): Part[] {
  const counters = ['sum', 'count'].map((suffix) => ({
    family: { ...family, type: 'counter' as const },
    name: { ...name, name: `${name.name}.${suffix}`, unit: suffix === 'count' ? '' : name.unit },
    samples: samples.filter((sample) => sample.name === `${family.name}_${suffix}`),
  }));
  const quantiles = samples.filter((sample) => sample.name === family.name);
  return [...counters, { family: { ...family, type: 'gauge' }, name, samples: quantiles }];
}

type HrTimes = Pick<DataPoint<number>, 'endTime' | 'startTime'>;

function toNumbers({ family, name, samples }: Part, times: HrTimes): MetricData & { dataPointType: DataPointType } {
  const dataPoints = samples
    .filter(({ value }) => Number.isFinite(value))
    .map(({ labels, value }) => ({ ...times, value, attributes: toAttributes(family.name, name, labels) }));
  const descriptor = toDescriptor(family, name);
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  return family.type === 'counter' || name.isUpDown === true
    ? {
        descriptor,
        aggregationTemporality,
        dataPointType: DataPointType.SUM,
        dataPoints,
        isMonotonic: family.type === 'counter',
      }
    : { descriptor, aggregationTemporality, dataPointType: DataPointType.GAUGE, dataPoints };
}

function toDescriptor({ help }: Pick<TextFamily, 'help'>, { name, unit }: OtelName): MetricData['descriptor'] {
  return { name, description: help, unit, valueType: ValueType.DOUBLE };
}

function toAttributes(family: string, { attributes }: OtelName, labels: TextSample['labels']): Attributes {
  const own = [...labels].flatMap(([label, value]) =>
    ofResource.has(label) || value === '' ? [] : [[toAttributeName(family, label), value] as const],
  );
  return { ...attributes, ...Object.fromEntries(own) };
}

interface Distribution {
  readonly attributes: Attributes;
  /** Cumulative counts by upper limit. */
  readonly buckets: Map<number, number>;
  sum: number | undefined;
  count: number | undefined;
  samples: number;
}

function toHistogram(family: TextFamily, name: OtelName, samples: readonly TextSample[], times: HrTimes): Converted {
  const distributions = new Map<string, Distribution>();
  for (const { name: sampleName, labels, value } of samples) {
    const others = new Map([...labels].filter(([label]) => label !== 'le'));
    const key = JSON.stringify([...others]);
    const known = distributions.get(key) ?? {
      attributes: toAttributes(family.name, name, others),
      buckets: new Map(),
      sum: undefined,
      count: undefined,
      samples: 0,
    };
    distributions.set(key, known);
    known.samples++;
    if (sampleName === `${family.name}_bucket`) {
      known.buckets.set(toLimit(labels.get('le')), value);
    } else if (sampleName === `${family.name}_sum`) {
      known.sum = value;
    } else {
      known.count = value;
    }
  }
  const dataPoints: DataPoint<Histogram>[] = [];
  let dropped = 0;
  for (const distribution of distributions.values()) {
    const value = toValue(distribution);
    if (value === undefined) {
      dropped += distribution.samples;
    } else {
      dataPoints.push({ ...times, attributes: distribution.attributes, value });
    }
  }
  const metric: MetricData = {
    descriptor: toDescriptor(family, name),
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints,
  };
  return { metrics: dataPoints.length === 0 ? [] : [metric], points: dataPoints.length, dropped };
}

function toLimit(le: string | undefined): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le ?? Number.NaN);
}

/** Undefined for buckets that are not complete, or fall: a receiver would reject the request with all other metrics. */
function toValue({ buckets, sum, count }: Distribution): Histogram | undefined {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const counts = sorted.map(([, cumulative], i) => cumulative - (sorted[i - 1]?.[1] ?? 0));
  const last = sorted.at(-1);
  const isComplete =
    last?.[0] === Number.POSITIVE_INFINITY &&
    last[1] === (count ?? last[1]) &&
    sorted.every(([limit]) => !Number.isNaN(limit)) &&
    counts.every((each) => Number.isSafeInteger(each) && each >= 0) &&
    (sum === undefined || Number.isFinite(sum));
  if (!isComplete) {
    return undefined;
  }
  const boundaries = sorted.slice(0, -1).map(([limit]) => limit);
  return { buckets: { boundaries, counts }, count: last[1], ...(sum === undefined ? {} : { sum }) };
}

function toHrTime(seconds: number): HrTime {
  const whole = Math.floor(seconds);
  return [whole, Math.min(999_999_999, Math.round((seconds - whole) * 1e9))];
}
