import { describe, expect, it } from 'vitest';
import { scan } from '../exposition/index.ts';
import { readHistogram, readSummary } from './family-points.ts';

/** The last two values are the sum and the count. */
function distribution(limits: readonly number[], values: readonly string[]) {
  const body = values.map((value, i) => `x{i="${i}"} ${value}\n`).join('');
  const { values: table } = scan(Buffer.from(body));
  const limited = limits.map((limit, line) => ({ line, limit }));
  const lines = { sumLine: limits.length, countLine: limits.length + 1, lines: values.length };
  return [table, { attributes: Buffer.alloc(0), limited, ...lines }] as const;
}

const inf = Number.POSITIVE_INFINITY;

describe('readHistogram', () => {
  it('has the counts of single buckets', () => {
    expect(readHistogram(...distribution([1, 2, inf], ['1', '3', '3', '9.5', '3']))).toEqual({
      sum: 9.5,
      count: 3,
      bucketCounts: [1, 2, 0],
      limits: [1, 2],
    });
  });

  it.each<[string, number[], string[]]>([
    ['no +Inf', [1], ['1', '1', '1']],
    ['falling buckets', [1, inf], ['2', '1', '1', '1']],
    ['another count', [inf], ['1', '1', '2']],
    ['a limit that is no number', [Number.NaN, inf], ['1', '1', '1', '1']],
    ['a limit of -Inf', [-inf, inf], ['1', '1', '1', '1']],
    ['parts', [inf], ['1.5', '1', '1.5']],
    ['NaN', [inf], ['NaN', '1', 'NaN']],
    ['an infinite bucket', [inf], ['+Inf', '1', '+Inf']],
    ['a sum of NaN', [inf], ['1', 'NaN', '1']],
    ['negative buckets', [inf], ['-1', '1', '-1']],
    ['no buckets', [], ['1', '1']],
  ])('rejects what receivers would reject: %s', (_, limits, values) => {
    expect(readHistogram(...distribution(limits, values))).toBeUndefined();
  });
});

describe('readSummary', () => {
  it('omits quantiles without a value, and those that are none', () => {
    expect(readSummary(...distribution([0.5, 0.9, 2], ['1', 'NaN', '3', '4', '5']))).toEqual({
      sum: 4,
      count: 5,
      quantiles: [[0.5, 1]],
    });
  });

  it.each([
    ['NaN', '1'],
    ['1', '-1'],
    ['1', '0.5'],
  ])('rejects the sum %s and the count %s', (sum, count) => {
    expect(readSummary(...distribution([0.5], ['1', sum, count]))).toBeUndefined();
  });
});
