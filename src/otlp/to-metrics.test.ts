import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import { describe, expect, it } from 'vitest';
import { readSample, type TextFamily } from './text-families.ts';
import { toMetrics } from './to-metrics.ts';

const times = { startSeconds: 100.5, endSeconds: 200.25 };

function convert(type: TextFamily['type'], name: string, ...lines: string[]) {
  const samples = lines.map(readSample);
  return toMetrics({ name, type, help: 'help', samples }, samples, times);
}

describe('toMetrics', () => {
  it('makes a monotone sum of a counter, without the labels of the resource', () => {
    const name = 'kata_sandbox_network_receive_bytes_total';
    const { metrics, points, dropped } = convert(
      'counter',
      name,
      `${name}{interface="eth0",sandbox_id="x",cri_name="p"} 5`,
    );
    expect([points, dropped]).toEqual([1, 0]);
    expect(metrics).toEqual([
      {
        descriptor: { name: 'k8s.pod.network.io', unit: 'By', description: 'help', valueType: expect.anything() },
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        dataPointType: DataPointType.SUM,
        isMonotonic: true,
        dataPoints: [
          {
            startTime: [100, 500_000_000],
            endTime: [200, 250_000_000],
            value: 5,
            attributes: { 'network.io.direction': 'receive', 'network.interface.name': 'eth0' },
          },
        ],
      },
    ]);
  });

  it.each([
    ['gauge', 'kata_guest_load', DataPointType.GAUGE, undefined],
    ['untyped', 'kata_guest_unknown', DataPointType.GAUGE, undefined],
    ['gauge', 'kata_sandbox_memory_working_set_bytes', DataPointType.SUM, false],
  ] as const)('%s %s', (type, name, dataPointType, isMonotonic) => {
    const [metric] = convert(type, name, `${name} 1`).metrics;
    expect([metric!.dataPointType, 'isMonotonic' in metric! ? metric.isMonotonic : undefined]).toEqual([
      dataPointType,
      isMonotonic,
    ]);
  });

  it('drops values that are no finite numbers', () => {
    const { points, dropped, metrics } = convert('gauge', 'g', 'g{a="1"} NaN', 'g{a="2"} +Inf', 'g{a="3"} 3');
    expect([points, dropped, metrics[0]!.dataPoints.map(({ value }) => value)]).toEqual([1, 2, [3]]);
    expect(convert('gauge', 'g', 'g NaN')).toEqual({ metrics: [], points: 0, dropped: 1 });
  });

  it('keeps a label that begins a prototype', () => {
    const [metric] = convert('gauge', 'g', 'g{__proto__="p",constructor="c"} 1').metrics;
    expect(Object.entries(metric!.dataPoints[0]!.attributes)).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ]);
  });

  it('makes counters and a gauge of a summary', () => {
    const { metrics, points } = convert('summary', 's', 's{quantile="0.5"} 1', 's_sum 2', 's_count 3');
    expect(points).toBe(3);
    expect(metrics.map(({ descriptor, dataPointType }) => [descriptor.name, dataPointType])).toEqual([
      ['s.sum', DataPointType.SUM],
      ['s.count', DataPointType.SUM],
      ['s', DataPointType.GAUGE],
    ]);
  });

  it('makes counts of the single buckets of a histogram', () => {
    const { metrics, points, dropped } = convert(
      'histogram',
      'h',
      ...['h_bucket{a="1",le="2"} 3', 'h_bucket{a="1",le="1"} 1', 'h_bucket{a="1",le="+Inf"} 6', 'h_sum{a="1"} 9'],
      ...['h_count{a="1"} 6', 'h_bucket{a="2",le="+Inf"} 0'],
    );
    expect([points, dropped]).toEqual([2, 0]);
    expect(metrics[0]!.dataPoints.map(({ attributes, value }) => [attributes, value])).toEqual([
      [{ a: '1' }, { buckets: { boundaries: [1, 2], counts: [1, 2, 3] }, count: 6, sum: 9 }],
      [{ a: '2' }, { buckets: { boundaries: [], counts: [0] }, count: 0 }],
    ]);
  });

  it.each([
    ['no +Inf', ['h_bucket{le="1"} 1', 'h_count 1']],
    ['falling', ['h_bucket{le="1"} 2', 'h_bucket{le="+Inf"} 1']],
    ['another count', ['h_bucket{le="+Inf"} 1', 'h_count 2']],
    ['no limit', ['h_bucket 1', 'h_bucket{le="+Inf"} 1']],
    ['no number', ['h_bucket{le="x"} 1', 'h_bucket{le="+Inf"} 1']],
    ['parts', ['h_bucket{le="+Inf"} 1.5']],
    ['NaN', ['h_bucket{le="+Inf"} NaN']],
    ['sum', ['h_bucket{le="+Inf"} 1', 'h_sum NaN']],
  ])('drops a histogram that receivers would reject: %s', (_, lines) => {
    expect(convert('histogram', 'h', ...lines)).toEqual({ metrics: [], points: 0, dropped: lines.length });
  });
});
