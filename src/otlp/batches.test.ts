import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readOtlpProtobuf } from '../../test/support/read-otlp-protobuf.ts';
import { ExtraLabels, keepNames, type MergePlan, noLabels, planMerge, scan } from '../exposition/index.ts';
import { type BatchOptions, BatchWriter, MAX_POINTS } from './batches.ts';
import { JsonEncoder } from './json-encoder.ts';
import { type PackedBatch, packBatch, splitBatch } from './packed-batch.ts';
import { ProtobufEncoder } from './protobuf-encoder.ts';

const options: BatchOptions = {
  version: '1.2.3',
  common: { 'host.name': 'node-1' },
  timesOf: (_sandboxId, origin) => ({ startSeconds: origin === 'other' ? undefined : 100.5, endSeconds: 200.25 }),
  onDropped: () => undefined,
};

/** Bodies by sandbox; those of the node under ''. */
function planOf(bodies: Readonly<Record<string, string>>): MergePlan {
  const sources = Object.entries(bodies).map(([id, body]) => ({
    id,
    scan: scan(Buffer.from(body)),
    labels:
      id === '' ? noLabels : new ExtraLabels({ sandbox_id: id, cri_uid: 'u1', cri_name: 'web', cri_namespace: 'shop' }),
    naming: keepNames,
  }));
  return planMerge(sources);
}

interface Point {
  readonly attributes?: { readonly key: string; readonly value: { readonly stringValue: string } }[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
}

interface Data {
  readonly dataPoints: Point[];
  readonly isMonotonic?: boolean;
}

interface Metric {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: Data;
  readonly sum?: Data;
  readonly histogram?: Data;
  readonly summary?: Data;
}

interface Request {
  readonly resourceMetrics: {
    readonly resource: { readonly attributes: Point['attributes'] };
    readonly scopeMetrics: { readonly metrics: Metric[] }[];
  }[];
}

const encoders = { 'http/json': new JsonEncoder(), 'http/protobuf': new ProtobufEncoder() };
type Protocol = keyof typeof encoders;
const plain = (protocol: Protocol) => ({ encoder: encoders[protocol], compression: 'none' }) as const;

function read(protocol: Protocol, { body }: PackedBatch): Request {
  return (protocol === 'http/json' ? JSON.parse(body.toString()) : readOtlpProtobuf(body)) as Request;
}

async function pack(protocol: Protocol, plan: MergePlan, more: Partial<BatchOptions> = {}): Promise<PackedBatch[]> {
  const packed: PackedBatch[] = [];
  for (const batch of new BatchWriter(encoders[protocol]).write(plan, { ...options, ...more })) {
    if (batch !== undefined) {
      packed.push(await packBatch(batch, plain(protocol)));
    }
  }
  return packed;
}

const metricsOf = (request: Request): Metric[] =>
  request.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));

const bodies = {
  '': `# HELP kata_monitor_scrape_count a\\nb\\\\c
# TYPE kata_monitor_scrape_count counter
kata_monitor_scrape_count 3
# TYPE kata_sandbox_up gauge
kata_sandbox_up{sandbox_id="a",cri_name="web"} 1
kata_sandbox_up{sandbox_id="gone"} 0
`,
  a: `# TYPE kata_guest_load gauge
kata_guest_load{item="load1",empty=""} 1
kata_guest_load{item="ü\\"\\n"} 2
# TYPE kata_sandbox_network_receive_bytes_total counter
kata_sandbox_network_receive_bytes_total{interface="eth0"} 4
# TYPE kata_sandbox_network_transmit_bytes_total counter
kata_sandbox_network_transmit_bytes_total{interface="eth0"} 5
# TYPE kata_sandbox_memory_working_set_bytes gauge
kata_sandbox_memory_working_set_bytes 6
# TYPE s summary
s{quantile="0.5"} 1
s{quantile="0.9"} NaN
s_sum 2
s_count 3
# TYPE h histogram
h_bucket{a="1",le="2"} 3
h_bucket{a="1",le="1"} 1
h_bucket{a="1",le="+Inf"} 6
h_sum{a="1"} 9
h_count{a="1"} 6
h_bucket{a="2",le="+Inf"} 0
h_count{a="2"} 0
`,
  b: '# TYPE kata_guest_load gauge\nkata_guest_load{item="load1"} 7\n',
};

describe.each(['http/json', 'http/protobuf'] as const)('a request in %s', (protocol) => {
  it('has metrics by resource', async () => {
    const [packed, ...others] = await pack(protocol, planOf(bodies));
    expect([others, packed!.points]).toEqual([[], 12]);
    const { resourceMetrics } = read(protocol, packed!);
    const byId = Object.fromEntries(
      resourceMetrics.map(({ resource, scopeMetrics }) => {
        const attributes = Object.fromEntries(resource.attributes!.map(({ key, value }) => [key, value.stringValue]));
        return [
          attributes['kata.sandbox.id'] ?? 'node',
          { attributes, names: scopeMetrics.flatMap(({ metrics }) => metrics.map(({ name }) => name)) },
        ];
      }),
    );
    const ofSandbox = { 'host.name': 'node-1', 'service.name': 'kata-sandbox' };
    const ofPod = { 'k8s.namespace.name': 'shop', 'k8s.pod.name': 'web', 'k8s.pod.uid': 'u1' };
    expect(byId).toEqual({
      a: {
        attributes: { ...ofSandbox, ...ofPod, 'service.instance.id': 'a', 'kata.sandbox.id': 'a' },
        names: ['h', 'k8s.pod.memory.working_set', 'k8s.pod.network.io', 'kata.guest.load', 'kata.sandbox.up', 's'],
      },
      b: {
        attributes: { ...ofSandbox, ...ofPod, 'service.instance.id': 'b', 'kata.sandbox.id': 'b' },
        names: ['kata.guest.load'],
      },
      gone: {
        attributes: { ...ofSandbox, 'service.instance.id': 'gone', 'kata.sandbox.id': 'gone' },
        names: ['kata.sandbox.up'],
      },
      node: {
        attributes: {
          'host.name': 'node-1',
          'service.name': 'kata-monitor',
          'service.instance.id': 'node-1',
          'service.version': '1.2.3',
        },
        names: ['kata.monitor.scrape_count'],
      },
    });
  });

  it('has sums, gauges, histograms and summaries', async () => {
    const [packed] = await pack(protocol, planOf({ a: bodies.a }));
    const metrics = Object.fromEntries(metricsOf(read(protocol, packed!)).map((metric) => [metric.name, metric]));
    const times = { startTimeUnixNano: '100500000000', timeUnixNano: '200250000000' };
    const unknownStart = { ...times, startTimeUnixNano: '0' };
    const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const io = (direction: string, asDouble: number) => ({
      ...times,
      asDouble,
      attributes: [attribute('network.io.direction', direction), attribute('network.interface.name', 'eth0')],
    });
    expect(metrics['k8s.pod.network.io']).toMatchObject({
      unit: 'By',
      sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [io('receive', 4), io('transmit', 5)] },
    });
    expect(metrics['k8s.pod.memory.working_set']).toMatchObject({
      sum: { aggregationTemporality: 2, dataPoints: [{ asDouble: 6 }] },
    });
    expect(metrics['k8s.pod.memory.working_set']!.sum!.isMonotonic ?? false).toBe(false);
    expect(metrics['kata.guest.load']!.gauge!.dataPoints).toEqual([
      { ...times, asDouble: 1, attributes: [attribute('item', 'load1')] },
      { ...times, asDouble: 2, attributes: [attribute('item', 'ü"\n')] },
    ]);
    const summary = { count: '3', sum: 2, quantileValues: [{ quantile: 0.5, value: 1 }] };
    expect(metrics['s']!.summary!.dataPoints).toMatchObject([{ ...unknownStart, ...summary }]);
    const first = { count: '6', sum: 9, bucketCounts: ['1', '2', '3'], explicitBounds: [1, 2] };
    expect(metrics['h']!.histogram!.dataPoints).toMatchObject([
      { ...first, attributes: [attribute('a', '1')] },
      { count: '0', bucketCounts: ['0'], explicitBounds: [], attributes: [attribute('a', '2')] },
    ]);
  });

  it('describes families', async () => {
    const [packed] = await pack(protocol, planOf({ '': bodies[''] }));
    expect(metricsOf(read(protocol, packed!))[0]).toMatchObject({ description: 'a\nb\\c' });
  });

  it('has the time of a sample that has its own', async () => {
    const [packed] = await pack(protocol, planOf({ a: '# TYPE kata_guest_x counter\nkata_guest_x 1 150000\n' }));
    const [metric] = metricsOf(read(protocol, packed!));
    expect(metric!.sum!.dataPoints).toMatchObject([
      { startTimeUnixNano: '100500000000', timeUnixNano: '150000000000', asDouble: 1 },
    ]);
  });

  it('has no more data points than fit into a request, and all of them', async () => {
    const lines = Array.from({ length: 2.5 * MAX_POINTS }, (_, i) => `g{i="${i}"} ${i}\n`);
    const small = Array.from({ length: 99 }, (_, i) => [`s${i}`, 'g 1\n'] as const);
    const plan = planOf({ big: `# TYPE g gauge\n${lines.join('')}`, ...Object.fromEntries(small) });
    const packed = await pack(protocol, plan);
    expect(packed.map(({ points }) => points)).toEqual([MAX_POINTS, MAX_POINTS, MAX_POINTS / 2 + 99]);
    const values = packed.flatMap((each) =>
      metricsOf(read(protocol, each)).flatMap(({ gauge }) => gauge!.dataPoints.map(({ asDouble }) => asDouble)),
    );
    expect(values.reduce((sum, value) => sum! + value!, 99)).toBe(
      (2.5 * MAX_POINTS * (2.5 * MAX_POINTS - 1)) / 2 + 198,
    );
  });

  it('is shorter where attributes are long', async () => {
    const long = 'x'.repeat(1000);
    const lines = Array.from({ length: 3000 }, (_, i) => `g{i="${i}",long="${long}"} 1\n`);
    const packed = await pack(protocol, planOf({ big: `# TYPE g gauge\n${lines.join('')}` }));
    expect(packed.length).toBeGreaterThan(1);
    expect(Math.max(...packed.map(({ body }) => body.length))).toBeLessThan(3 * 1024 * 1024);
    expect(packed.reduce((sum, { points }) => sum + points, 0)).toBe(3000);
  });

  it.each([
    ['times that do not fit', '# TYPE g gauge\ng 1 9300000000000\n', 1],
    ['no numbers', '# TYPE g gauge\ng NaN\ng{a="1"} +Inf\n', 2],
    ['another count', '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_count 2\n', 2],
    ['a summary without a count', '# TYPE s summary\ns{quantile="1"} 1\ns_sum 2\n', 2],
  ])('drops what receivers would reject, and keeps the rest: %s', async (_, body, lost) => {
    let dropped = 0;
    const onDropped = (count: number): void => {
      dropped += count;
    };
    expect(await pack(protocol, planOf({ a: body }), { onDropped })).toEqual([]);
    expect(dropped).toBe(lost);
    const [packed] = await pack(
      protocol,
      planOf({ a: `# TYPE a gauge\na 1\n${body}# TYPE z gauge\nz{x="1"} NaN\nz 2\n` }),
    );
    expect(metricsOf(read(protocol, packed!)).map(({ name, gauge }) => [name, gauge!.dataPoints.length])).toEqual([
      ['a', 1],
      ['z', 1],
    ]);
  });

  it('keeps names that begin a prototype, and no half of a character', async () => {
    const [packed] = await pack(protocol, planOf({ a: 'g{__proto__="p",constructor="c"} 1\n' }));
    const [point] = metricsOf(read(protocol, packed!))[0]!.gauge!.dataPoints;
    expect(point!.attributes!.map(({ key }) => key)).toEqual(['__proto__', 'constructor']);
  });

  it('is the same for the second body of a form', async () => {
    const writer = new BatchWriter(encoders[protocol]);
    const first = scan(Buffer.from(bodies.a));
    const second = scan(Buffer.from(bodies.a.replace('load1",empty=""} 1', 'load1",empty=""} 9')), {
      form: first.form,
    });
    const pushed = async (scanned: typeof first): Promise<Request> => {
      const plan = planMerge([{ id: 'a', scan: scanned, labels: noLabels, naming: keepNames }]);
      const [batch] = [...writer.write(plan, options)].filter((each) => each !== undefined);
      return read(protocol, await packBatch(batch!, plain(protocol)));
    };
    const [one, two] = [await pushed(first), await pushed(second)];
    expect(second.form).toBe(first.form);
    expect(JSON.stringify(two)).toBe(JSON.stringify(one).replace('"asDouble":1', '"asDouble":9'));
  });

  it('is split into halves', async () => {
    const compressed = { encoder: encoders[protocol], compression: 'gzip' } as const;
    const [batch] = [...new BatchWriter(encoders[protocol]).write(planOf(bodies), options)].filter(
      (each) => each !== undefined,
    );
    const whole = await packBatch(batch!, compressed);
    const halves = await splitBatch(whole, compressed);
    expect(halves.map(({ parts }) => parts.length)).toEqual([2, 2]);
    const quarters = (await Promise.all(halves.map((half) => splitBatch(half, compressed)))).flat();
    const uncompressed = quarters.map((quarter) => ({ ...quarter, body: gunzipSync(quarter.body) }));
    const all = uncompressed.flatMap((quarter) => read(protocol, quarter).resourceMetrics);
    expect(all).toEqual(read(protocol, { ...whole, body: gunzipSync(whole.body) }).resourceMetrics);
    expect(quarters.map(({ points }) => points)).toEqual(whole.parts.map(({ points }) => points));
  });
});
