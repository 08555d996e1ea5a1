import { expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

it('gives its burst, then one for each interval, and never more than its burst', () => {
  let nowMs = 0;
  const limit = new RateLimit({ intervalMs: 100, burst: 2 }, () => nowMs);
  const takeAt = (ms: number): boolean => {
    nowMs = ms;
    return limit.take();
  };
  expect([takeAt(0), takeAt(0), takeAt(0), takeAt(99)]).toEqual([true, true, false, false]);
  expect([takeAt(100), takeAt(100)]).toEqual([true, false]);
  expect([takeAt(9000), takeAt(9000), takeAt(9000)]).toEqual([true, true, false]);
});
