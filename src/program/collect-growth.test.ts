import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeGrowthCollector } from './collect-growth.ts';

const MIB = 1024 * 1024;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('collects each time that the heap has grown by 2 MiB, not during a scrape', () => {
  let usedBytes = 7 * MIB;
  const collect = vi.fn(() => {
    usedBytes = 7 * MIB;
  });
  const afterScrape = makeGrowthCollector({ usedBytes: () => usedBytes, collect });
  afterScrape();
  expect(vi.getTimerCount()).toBe(0);
  usedBytes = 9 * MIB;
  afterScrape();
  afterScrape();
  expect(collect).not.toHaveBeenCalled();
  vi.runAllTimers();
  expect(collect).toHaveBeenCalledTimes(1);
  usedBytes = 9 * MIB - 1;
  afterScrape();
  vi.runAllTimers();
  expect(collect).toHaveBeenCalledTimes(1);
  usedBytes = 9 * MIB;
  afterScrape();
  vi.runAllTimers();
  expect(collect).toHaveBeenCalledTimes(2);
});

it('collects after the growth given, and only while that is wanted', () => {
  let usedBytes = 7 * MIB;
  let isWanted = true;
  const collect = vi.fn();
  const afterScrape = makeGrowthCollector({
    growthBytes: MIB,
    isWanted: () => isWanted,
    usedBytes: () => usedBytes,
    collect,
  });
  usedBytes = 8 * MIB;
  afterScrape();
  vi.runAllTimers();
  expect(collect).toHaveBeenCalledTimes(1);
  isWanted = false;
  usedBytes = 30 * MIB;
  afterScrape();
  expect(vi.getTimerCount()).toBe(0);
});

it('does nothing in a process that cannot collect', () => {
  makeGrowthCollector({ usedBytes: () => 99 * MIB, collect: undefined })();
  expect(vi.getTimerCount()).toBe(0);
});
