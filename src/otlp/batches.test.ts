import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { type Batch, type BatchOptions, joinParts, MAX_POINTS, toBatches } from './batches.ts';

const options: BatchOptions = {
  protocol: 'http/json',
  version: '1.2.3',
  common: { 'host.name': 'node-1' },
  timesOf: () => ({ startSeconds: 1, endSeconds: 2 }),
  onDropped: () => undefined,
};

async function* chunksOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

async function read(text: string, more: Partial<BatchOptions> = {}): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of toBatches(chunksOf(text), { ...options, ...more })) {
    batches.push(batch);
  }
  return batches;
}

const text = `# TYPE kata_guest_load gauge
kata_guest_load{sandbox_id="a",cri_namespace="shop",cri_name="web",cri_uid="u1",item="load1"} 1
kata_guest_load{sandbox_id="b",cri_namespace="",cri_name="",item="load1"} 2
# TYPE kata_monitor_scrape_count counter
kata_monitor_scrape_count 3
# TYPE kata_sandbox_network_receive_bytes_total counter
kata_sandbox_network_receive_bytes_total{sandbox_id="a",interface="eth0"} 4
# TYPE kata_sandbox_network_transmit_bytes_total counter
kata_sandbox_network_transmit_bytes_total{sandbox_id="a",interface="eth0"} 5
`;

interface Json {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue: string } }[] };
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { name: string; sum?: { dataPoints: unknown[] } }[];
    }[];
  }[];
}

describe('toBatches', () => {
  it('groups metrics by resource', async () => {
    const [batch, ...more] = await read(text);
    expect([more, batch!.points]).toEqual([[], 5]);
    const { resourceMetrics } = JSON.parse(joinParts(batch!.parts, 'http/json').toString()) as Json;
    const resources = resourceMetrics.map(({ resource }) =>
      Object.fromEntries(resource.attributes.map(({ key, value }) => [key, value.stringValue])),
    );
    const ofSandbox = { 'host.name': 'node-1', 'service.name': 'kata-sandbox' };
    expect(resources).toEqual([
      {
        ...ofSandbox,
        'service.instance.id': 'a',
        'kata.sandbox.id': 'a',
        'k8s.namespace.name': 'shop',
        'k8s.pod.name': 'web',
        'k8s.pod.uid': 'u1',
      },
      { ...ofSandbox, 'service.instance.id': 'b', 'kata.sandbox.id': 'b' },
      {
        'host.name': 'node-1',
        'service.name': 'kata-monitor',
        'service.instance.id': 'node-1',
        'service.version': '1.2.3',
      },
    ]);
    const ofFirst = resourceMetrics[0]!.scopeMetrics[0]!.metrics;
    expect(ofFirst.map(({ name, sum }) => [name, sum?.dataPoints.length])).toEqual([
      ['kata.guest.load', undefined],
      ['k8s.pod.network.io', 2],
    ]);
  });

  it('has at most as many data points as fit into a request', async () => {
    const lines = Array.from(
      { length: 3 * MAX_POINTS },
      (_, i) => `kata_guest_load{sandbox_id="s${i % 100}",i="${i}"} 1\n`,
    );
    const batches = await read(`# TYPE kata_guest_load gauge\n${lines.join('')}`);
    expect(batches.reduce((sum, { points }) => sum + points, 0)).toBe(3 * MAX_POINTS);
    expect(batches.length).toBe(3);
  });

  it('counts what it drops', async () => {
    let dropped = 0;
    const onDropped = (count: number): void => {
      dropped += count;
    };
    expect(await read('# TYPE g gauge\ng NaN\ng{a="1"} NaN\n', { onDropped })).toEqual([]);
    expect(dropped).toBe(2);
  });
});

/** The content of the fields with this number. */
function fields(message: Uint8Array, number: number): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    // All of these fields have a length.
    expect(wireType).toBe(WireType.LengthDelimited);
    const content = reader.bytes();
    if (field === number) {
      found.push(content);
    }
  }
  return found;
}

it('joins protobuf messages into one', async () => {
  const [batch] = await read(text, { protocol: 'http/protobuf' });
  const resourceMetrics = fields(joinParts(batch!.parts, 'http/protobuf'), 1);
  expect(resourceMetrics).toHaveLength(3);
  const names = resourceMetrics.map((each) =>
    fields(each, 2)
      .flatMap((scope) => fields(scope, 2))
      .map((metric) => Buffer.from(fields(metric, 1)[0]!).toString()),
  );
  expect(names).toEqual([
    ['kata.guest.load', 'k8s.pod.network.io'],
    ['kata.guest.load'],
    ['kata.monitor.scrape_count'],
  ]);
});
