import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { type MetricFamily, MetricFamilySchema, MetricType } from '../../../test/proto/gen/prometheus-metrics_pb.ts';
import { keyOf, parseAnswer, toSeriesMap } from '../../../test/support/reference-exposition.ts';
import { scan } from '../form/scan.ts';
import { formatValue } from '../format/encode-text.ts';
import { ExtraLabels, noLabels } from '../format/extra-labels.ts';
import { parseValue } from '../format/number.ts';
import { CHUNK_BYTES } from './chunk-pool.ts';
import { keepNames, type MergePlan, planMerge } from './merge.ts';
import { writeProtobuf } from './write-protobuf.ts';
import { writeText } from './write-text.ts';

const goShim = readFileSync(new URL('../../../test/fixtures/bodies/go-shim.metrics.txt', import.meta.url));

function plan(...bodies: (string | Buffer)[]): MergePlan {
  return planMerge(
    bodies.map((body, i) => ({
      id: `s${i}`,
      scan: scan(Buffer.from(body)),
      labels: new ExtraLabels({ sandbox_id: `s${i}`, cri_uid: '' }),
      naming: keepNames,
    })),
  );
}

function decode(merged: MergePlan): MetricFamily[] {
  const reader = new BinaryReader(Buffer.concat([...writeProtobuf(merged)]));
  const families: MetricFamily[] = [];
  while (reader.pos < reader.len) {
    families.push(fromBinary(MetricFamilySchema, reader.bytes()));
  }
  return families;
}

/** The series that a receiver of protobuf makes of a family, in the names of the text format. */
function toSeries(family: MetricFamily): [key: string, value: number][] {
  return family.metric.flatMap((metric) => {
    const labels = metric.label.map(({ name, value }) => [name, value] as const);
    const row = (suffix: string, value: number | bigint, more: readonly (readonly [string, string])[] = []) => {
      const sorted = [...labels, ...more].sort(([a], [b]) => (a < b ? -1 : 1));
      return [keyOf({ name: family.name + suffix, labels: sorted }), Number(value)] as [string, number];
    };
    const { counter, gauge, untyped, summary, histogram } = metric;
    const plain = counter ?? gauge ?? untyped;
    if (plain !== undefined) {
      return [row('', plain.value)];
    }
    const parts = histogram ?? summary;
    return [
      row('_sum', parts?.sampleSum ?? Number.NaN),
      row('_count', parts?.sampleCount ?? 0n),
      ...(histogram?.bucket ?? []).map((b) => row('_bucket', b.cumulativeCount, [['le', formatValue(b.upperBound)]])),
      ...(summary?.quantile ?? []).map((q) => row('', q.value, [['quantile', formatValue(q.quantile)]])),
    ];
  });
}

describe('writeProtobuf', () => {
  it('says when counters, histograms and summaries began, where that is known', () => {
    const body =
      '# TYPE a counter\na{x="1"} 1\n# TYPE b gauge\nb 1\n# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_count 2\n# TYPE s summary\ns_count 2\n';
    const source = { id: 'x', scan: scan(Buffer.from(body)), labels: noLabels, naming: keepNames };
    const createdOf = (createdMs: number | undefined): unknown[] =>
      decode(planMerge([createdMs === undefined ? source : { ...source, createdMs }])).map(({ metric: [metric] }) => {
        const { seconds, nanos } = (metric?.counter ?? metric?.histogram ?? metric?.summary)?.createdTimestamp ?? {};
        return seconds === undefined ? undefined : [seconds, nanos];
      });
    const expected = [1_700_000_000n, 123_000_000];
    expect(createdOf(1_700_000_000_123.9)).toEqual([expected, undefined, expected, expected]);
    expect(createdOf(undefined)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('says it by family, for sources whose families began at different times', () => {
    const body =
      '# TYPE a counter\na 1\n# TYPE b counter\nb 1\n# TYPE c counter\nc 1\n# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_count 2\n';
    const createdMsOf = (name: string): number | undefined => ({ a: 1000, b: 2000, h: 1000 })[name];
    const source = { id: 'x', scan: scan(Buffer.from(body)), labels: noLabels, naming: keepNames, createdMsOf };
    const created = decode(planMerge([source])).map(
      ({ metric: [metric] }) => (metric?.counter ?? metric?.histogram)?.createdTimestamp?.seconds,
    );
    expect(created).toEqual([1n, 2n, undefined, 1n]);
  });

  it('puts buckets in the order of their bounds', () => {
    const [h] = decode(
      plan('# TYPE h histogram\nh_bucket{le="+Inf"} 2\nh_count 2\nh_bucket{le="10"} 1\nh_bucket{le="9"} 0\n'),
    );
    expect(h?.metric[0]?.histogram?.bucket.map(({ upperBound }) => upperBound)).toEqual([
      9,
      10,
      Number.POSITIVE_INFINITY,
    ]);
  });

  it('writes each type in its own message', () => {
    const families = decode(
      plan(
        '# HELP a It is "a"\\n\\\\.\n# TYPE a counter\na{x="\\"ö\\n"} 1.5 17\n# TYPE b gauge\nb NaN\nc 3\n' +
          '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3.5\nh_count 2\n' +
          '# TYPE s summary\ns{quantile="0.5"} 4\ns_sum 8\ns_count 2\n',
      ),
    );
    expect(families.map(({ name, type }) => [name, type])).toEqual([
      ['a', MetricType.COUNTER],
      ['b', MetricType.GAUGE],
      ['c', MetricType.UNTYPED],
      ['h', MetricType.HISTOGRAM],
      ['s', MetricType.SUMMARY],
    ]);
    const [a, b, c, h, s] = families.map(({ metric }) => metric[0]);
    expect(families[0]?.help).toBe('It is "a"\n\\.');
    expect(a?.label.map(({ name, value }) => [name, value])).toEqual([
      ['x', '"ö\n'],
      ['sandbox_id', 's0'],
      ['cri_uid', ''],
    ]);
    expect([a?.counter?.value, a?.timestampMs, b?.gauge?.value, c?.untyped?.value]).toEqual([1.5, 17n, Number.NaN, 3]);
    expect([
      h?.histogram?.sampleCount,
      h?.histogram?.sampleSum,
      s?.summary?.sampleCount,
      s?.summary?.sampleSum,
    ]).toEqual([2n, 3.5, 2n, 8]);
    expect(h?.histogram?.bucket.map((it) => [it.upperBound, it.cumulativeCount])).toEqual([
      [1, 1n],
      [Number.POSITIVE_INFINITY, 2n],
    ]);
    expect(s?.summary?.quantile.map((it) => [it.quantile, it.value])).toEqual([[0.5, 4]]);
  });

  it('keeps histograms of different labels apart, and sources too', () => {
    const body =
      '# TYPE h histogram\nh_bucket{a="1",le="+Inf"} 1\nh_sum{a="1"} 1\nh_count{a="1"} 1\nh_bucket{a="2",le="+Inf"} 2\nh_sum{a="2"} 2\nh_count{a="2"} 2\n';
    expect(decode(plan(body, body))[0]?.metric.map((metric) => metric.histogram?.sampleCount)).toEqual([
      1n,
      2n,
      1n,
      2n,
    ]);
  });

  it('leaves out families without samples', () => {
    expect(decode(plan('# TYPE a gauge\nb 1\n')).map(({ name }) => name)).toEqual(['b']);
  });

  it('has the same series as text 0.0.4', () => {
    const merged = plan(goShim, goShim);
    // A bound is a number on this wire: how the text spelled it is not kept.
    const series = parseAnswer(Buffer.concat([...writeText(merged)]).toString()).series.map((each) => ({
      ...each,
      labels: each.labels.map(([k, v]) => [k, k === 'le' ? formatValue(parseValue(v)) : v] as const),
    }));
    const expected = toSeriesMap(series);
    expect(new Map(decode(merged).flatMap(toSeries))).toEqual(expected);
  });

  it('writes a family of any size in pieces of one chunk', () => {
    const label = 'x'.repeat(500);
    const body = Array.from({ length: 1000 }, (_, i) => `a{b="${label}",c="\\"${i}\\\\"} ${i}\n`).join('');
    const merged = plan(body, body);
    const chunks = [...writeProtobuf(merged)];
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(CHUNK_BYTES);
    const [family] = decode(merged);
    expect(family?.metric.map(({ label: [, c], untyped }) => [c?.value, untyped?.value])).toEqual(
      [0, 1].flatMap(() => Array.from({ length: 1000 }, (_, i) => [`"${i}\\`, i])),
    );
  });

  it.each([
    ['0', 0n],
    ['-0', 0n],
    ['128', 128n],
    ['9007199254740993', 9007199254740993n],
    ['18446744073709551615', 18446744073709551615n],
    ['1e20', 7766279631452241920n],
    ['2.5', 3n],
    ['+Inf', 0n],
  ])('writes a count of %s', (text, count) => {
    const body = `# TYPE s summary\ns_sum 1\ns_count ${text}\n`;
    expect(decode(plan(body))[0]?.metric[0]?.summary?.sampleCount).toBe(count);
  });
});
