/**
 * The response of /metrics as encoded requests of OTLP: each has metrics of many sandboxes and of the node, grouped by
 * resource, and at most a number of data points.
 */
import type { Attributes } from '@opentelemetry/api';
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { DataPoint, MetricData } from '@opentelemetry/sdk-metrics';
import type { OtlpSettings } from '../settings/otlp.ts';
import { readFamilies, type TextFamily, type TextSample } from './text-families.ts';
import { type Times, toMetrics } from './to-metrics.ts';

/** Below the limit of the body in a collector, 20 MiB. A data point has about 100 bytes. */
export const MAX_POINTS = 8192;

/** The metrics of one resource, encoded as a whole request. */
export interface Part {
  /** For messages. */
  readonly what: string;
  readonly points: number;
  readonly body: Uint8Array;
}

export interface Batch {
  readonly parts: readonly Part[];
  readonly points: number;
}

export interface BatchOptions {
  readonly protocol: OtlpSettings['protocol'];
  /** Version of the package. */
  readonly version: string;
  /** Attributes of the monitor and of every sandbox. */
  readonly common: Attributes;
  /** Of a sandbox, or of the node for undefined. */
  readonly timesOf: (sandboxId: string | undefined, family: string) => Times;
  /** Called with the number of samples that OTLP cannot say. */
  readonly onDropped: (count: number) => void;
}

interface OpenResource {
  readonly what: string;
  readonly attributes: Attributes;
  readonly metrics: Map<string, MetricData>;
  points: number;
}

export async function* toBatches(chunks: AsyncIterable<Buffer>, options: BatchOptions): AsyncGenerator<Batch> {
  let open = new Map<string, OpenResource>();
  let points = 0;
  for await (const family of readFamilies(chunks)) {
    for (const [id, samples] of Map.groupBy(family.samples, ({ labels }) => labels.get('sandbox_id') ?? '')) {
      const added = add(open, id, family, samples, options);
      points += added;
      if (points >= MAX_POINTS) {
        yield close(open, options);
        open = new Map();
        points = 0;
      }
    }
  }
  if (points > 0) {
    yield close(open, options);
  }
}

function add(
  open: Map<string, OpenResource>,
  id: string,
  family: TextFamily,
  samples: readonly TextSample[],
  { common, timesOf, onDropped, version }: BatchOptions,
): number {
  const sandboxId = id === '' ? undefined : id;
  const converted = toMetrics(family, samples, timesOf(sandboxId, family.name));
  onDropped(converted.dropped);
  if (converted.points === 0) {
    return 0;
  }
  const resource = open.get(id) ?? newResource(sandboxId, samples[0]!.labels, { common, version });
  open.set(id, resource);
  resource.points += converted.points;
  for (const metric of converted.metrics) {
    const { name } = metric.descriptor;
    const known = resource.metrics.get(name);
    // Two families with one name of the conventions, such as bytes received and sent, differ by an attribute.
    const isSame = known?.dataPointType === metric.dataPointType;
    resource.metrics.set(
      known === undefined || isSame ? name : `${name} ${metric.dataPointType}`,
      isSame ? withPoints(known!, metric.dataPoints as DataPoint<number>[]) : metric,
    );
  }
  return converted.points;
}

function withPoints(metric: MetricData, more: readonly DataPoint<number>[]): MetricData {
  return { ...metric, dataPoints: [...metric.dataPoints, ...more] } as MetricData;
}

function newResource(
  sandboxId: string | undefined,
  labels: TextSample['labels'],
  { common, version }: Pick<BatchOptions, 'common' | 'version'>,
): OpenResource {
  const known = (name: string, value: string | undefined): Attributes =>
    value === undefined || value === '' ? {} : { [name]: value };
  const attributes =
    sandboxId === undefined
      ? {
          ...known('service.instance.id', String(common['host.name'])),
          'service.name': 'kata-monitor',
          'service.version': version,
        }
      : {
          'service.name': 'kata-sandbox',
          'service.instance.id': sandboxId,
          'kata.sandbox.id': sandboxId,
          ...known('k8s.namespace.name', labels.get('cri_namespace')),
          ...known('k8s.pod.name', labels.get('cri_name')),
          ...known('k8s.pod.uid', labels.get('cri_uid')),
        };
  return {
    what: sandboxId === undefined ? 'the node' : `sandbox "${sandboxId}"`,
    attributes: { ...common, ...attributes },
    metrics: new Map(),
    points: 0,
  };
}

function close(open: ReadonlyMap<string, OpenResource>, { protocol, version }: BatchOptions): Batch {
  const serializer = protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  const parts = [...open.values()].map(({ what, attributes, metrics, points }) => {
    const scopeMetrics = [{ scope: { name: 'kata-monitor', version }, metrics: [...metrics.values()] }];
    const body = serializer.serializeRequest({ resource: resourceFromAttributes(attributes), scopeMetrics });
    if (body === undefined) {
      throw new Error(`Cannot encode the metrics of ${what}`);
    }
    return { what, points, body };
  });
  return { parts, points: parts.reduce((sum, part) => sum + part.points, 0) };
}

const jsonHead = Buffer.from('{"resourceMetrics":[');
const jsonEnd = Buffer.from(']}');

/**
 * One request of several. Protobuf messages that are concatenated are one message, whose repeated fields have all values.
 * JSON has an array around.
 */
export function joinParts(parts: readonly Part[], protocol: OtlpSettings['protocol']): Buffer {
  if (protocol === 'http/protobuf') {
    return Buffer.concat(parts.map(({ body }) => body));
  }
  const inner = parts.map(({ body, what }) => {
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    if (!text.subarray(0, jsonHead.length).equals(jsonHead) || !text.subarray(-jsonEnd.length).equals(jsonEnd)) {
      throw new Error(`Cannot join the metrics of ${what}`);
    }
    return text.subarray(jsonHead.length, -jsonEnd.length);
  });
  const comma = Buffer.from(',');
  return Buffer.concat([jsonHead, ...inner.flatMap((text, i) => (i === 0 ? [text] : [comma, text])), jsonEnd]);
}
