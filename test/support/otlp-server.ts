/**
 * An OTLP endpoint over HTTP with JSON: checks each request against the schema of ExportMetricsServiceRequest
 * (opentelemetry-proto, metrics/v1, in its JSON mapping), and keeps what it says.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';

interface OtlpAttribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

export interface OtlpDataPoint {
  readonly attributes: readonly OtlpAttribute[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly bucketCounts?: readonly (number | string)[];
  readonly count?: number | string;
  readonly quantileValues?: readonly { readonly quantile?: number; readonly value?: number }[];
}

export interface OtlpMetric {
  readonly name: string;
  readonly unit: string;
  readonly gauge?: { readonly dataPoints: readonly OtlpDataPoint[] };
  readonly sum?: { readonly dataPoints: readonly OtlpDataPoint[]; readonly isMonotonic: boolean };
  readonly histogram?: { readonly dataPoints: readonly OtlpDataPoint[] };
  readonly summary?: { readonly dataPoints: readonly OtlpDataPoint[] };
}

export interface OtlpResource {
  readonly attributes: Readonly<Record<string, string | undefined>>;
  readonly metrics: readonly OtlpMetric[];
}

export interface OtlpRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly resources: readonly OtlpResource[];
  /** One line for each breach of the schema. */
  readonly faults: readonly string[];
}

export interface OtlpServer {
  readonly url: string;
  readonly requests: readonly OtlpRequest[];
  close(): Promise<void>;
}

const object = (properties: Readonly<Record<string, unknown>>, ...required: string[]) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const list = (items: unknown) => ({ type: 'array', items });
const text = { type: 'string' };
/** 64-bit integers are text in the JSON mapping; a number is accepted as well. */
const integer = {
  anyOf: [
    { type: 'integer', minimum: 0 },
    { type: 'string', pattern: '^[0-9]+$' },
  ],
};
const number = { type: 'number' };
const attributes = list(
  object({ key: { type: 'string', minLength: 1 }, value: object({ stringValue: text }) }, 'key', 'value'),
);
const times = { attributes, startTimeUnixNano: integer, timeUnixNano: integer, flags: integer };
const numbers = list(object({ ...times, asDouble: number }, 'timeUnixNano', 'asDouble'));
const temporality = { const: 2 };
/** The mapping may omit numbers that are 0, such as the count. */
const histograms = list(
  object(
    { ...times, count: integer, sum: number, bucketCounts: list(integer), explicitBounds: list(number) },
    ...['timeUnixNano', 'bucketCounts', 'explicitBounds'],
  ),
);
const summaries = list(
  object(
    { ...times, count: integer, sum: number, quantileValues: list(object({ quantile: number, value: number })) },
    'timeUnixNano',
  ),
);
const metric = {
  ...object(
    {
      name: { type: 'string', minLength: 1 },
      description: text,
      unit: text,
      gauge: object({ dataPoints: numbers }, 'dataPoints'),
      sum: object(
        { dataPoints: numbers, aggregationTemporality: temporality, isMonotonic: { type: 'boolean' } },
        'dataPoints',
        'aggregationTemporality',
      ),
      histogram: object(
        { dataPoints: histograms, aggregationTemporality: temporality },
        'dataPoints',
        'aggregationTemporality',
      ),
      summary: object({ dataPoints: summaries }, 'dataPoints'),
    },
    'name',
  ),
  oneOf: ['gauge', 'sum', 'histogram', 'summary'].map((kind) => ({ required: [kind] })),
};
const scope = object({ name: text, version: text, attributes, droppedAttributesCount: integer }, 'name');
const request = object(
  {
    resourceMetrics: list(
      object(
        {
          resource: object({ attributes, droppedAttributesCount: integer }, 'attributes'),
          scopeMetrics: list(object({ scope, metrics: list(metric), schemaUrl: text }, 'metrics')),
          schemaUrl: text,
        },
        ...['resource', 'scopeMetrics'],
      ),
    ),
  },
  'resourceMetrics',
);
const validate = new Ajv2020({ allErrors: true, strictRequired: false, strictTypes: false }).compile(request);

interface RawRequest {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeMetrics: readonly { readonly metrics: readonly OtlpMetric[] }[];
  }[];
}

export interface OtlpServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** `respond`: the status for the resources of a request; default: 200. */
export async function startOtlpServer(
  respond: (resources: readonly OtlpResource[]) => number = () => 200,
  { port = 0, tls }: OtlpServerOptions = {},
): Promise<OtlpServer> {
  const requests: OtlpRequest[] = [];
  const listener: RequestListener = async (incoming, outgoing) => {
    let body: Buffer;
    try {
      body = await buffer(incoming);
    } catch {
      return; // The client has ended in the middle of a push.
    }
    const plain = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    const raw = JSON.parse(plain.toString()) as RawRequest;
    const faults = validate(raw)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
    const resources = raw.resourceMetrics.map(({ resource, scopeMetrics }) => ({
      attributes: Object.fromEntries(resource.attributes.map(({ key, value }) => [key, value.stringValue])),
      metrics: scopeMetrics.flatMap(({ metrics }) => metrics),
    }));
    requests.push({ url: incoming.url ?? '', headers: incoming.headers, resources, faults });
    outgoing.writeHead(respond(resources), { 'content-type': 'application/json' }).end('{}');
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
