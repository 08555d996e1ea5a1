import { describe, expect, it } from 'vitest';
import { findTrend, type Point } from './trend.ts';

const pointsOf = (ys: readonly number[]): Point[] => ys.map((y, x) => ({ x, y }));

describe('findTrend', () => {
  it('finds a straight line', () => {
    expect(findTrend(pointsOf([5, 7, 9, 11]))).toEqual({ growth: 6, sureGrowth: 6 });
  });

  it.each([
    ['level', [5, 5, 5, 5], 0, false],
    ['noise', [5, 9, 4, 8, 5, 9, 4, 8], 0.7, false],
    ['rise below noise', [1, 9, 2, 9, 3, 9, 4, 9], 3.8, false],
    ['rise above noise', [1, 3, 4, 6, 7, 9, 10, 12], 10.5, true],
    ['fall', [12, 10, 9, 7], -4.8, false],
  ])('tells a %s from a rise', (_name, ys, growth, isSure) => {
    const trend = findTrend(pointsOf(ys));
    expect(trend.growth).toBeCloseTo(growth, 0);
    expect(trend.sureGrowth > 0).toBe(isSure);
  });

  it('rejects an invalid row of measurements', () => {
    expect(() => findTrend(pointsOf([1, 2]))).toThrow(RangeError);
  });
});
