import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fromTimeoutNano, startDeadline, toTimeoutNano } from './deadline.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('startDeadline', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([1, 1000, 30 * DAY_MS, 100 * DAY_MS])('calls once after %s ms', async (timeoutMs) => {
    const onExpired = vi.fn();
    startDeadline(timeoutMs, onExpired);
    await vi.advanceTimersByTimeAsync(timeoutMs - 1);
    expect(onExpired).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(onExpired).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([1000, 30 * DAY_MS])('does not call when stopped before %s ms', async (timeoutMs) => {
    const onExpired = vi.fn();
    const stop = startDeadline(timeoutMs, onExpired);
    await vi.advanceTimersByTimeAsync(timeoutMs - 1);
    stop();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(10);
    expect(onExpired).not.toHaveBeenCalled();
  });
});

describe('timeout_nano', () => {
  it.each([
    [1, 1_000_000n],
    [0.5, 500_000n],
    [3000, 3_000_000_000n],
    [0.000_000_1, 1n],
    [Number.MAX_VALUE, 2n ** 63n - 1n],
  ])('of %s ms is %s', (timeoutMs, nanos) => {
    expect(toTimeoutNano(timeoutMs)).toBe(nanos);
  });

  it.each([
    [0n, undefined],
    [1n, 0.000_001],
    [3_000_000_000n, 3000],
    [-1_000_000n, -1],
  ])('of %s is a timeout of %s ms', (nanos, timeoutMs) => {
    expect(fromTimeoutNano(nanos)).toBe(timeoutMs);
  });
});
