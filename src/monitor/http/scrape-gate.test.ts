import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PageRequest } from './pages/page.ts';
import { ScrapeGate } from './scrape-gate.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const gate = (): ScrapeGate => new ScrapeGate({ scrapeTimeoutMs: 10_000, timeoutOffsetMs: 500, webMaxRequests: 2 });

function request(timeoutSeconds?: string): PageRequest & { readonly isCutOff: boolean; finish(): Promise<void> } {
  const { promise: finished, resolve } = Promise.withResolvers<{ isComplete: boolean }>();
  let isCutOff = false;
  return {
    path: '/metrics',
    query: new URLSearchParams(),
    header: (name) => (name === 'x-prometheus-scrape-timeout-seconds' ? timeoutSeconds : undefined),
    signal: new AbortController().signal,
    finished,
    cutOff: () => {
      isCutOff = true;
    },
    get isCutOff() {
      return isCutOff;
    },
    finish: async () => {
      resolve({ isComplete: true });
      await finished;
    },
  };
}

it('returns the time for a response', () => {
  expect(gate().enter(request('5'))).toBe(4500);
  expect(gate().enter(request())).toBe(10_000);
});

it('admits requests up to the limit until their replies have been sent', async () => {
  const scrapes = gate();
  const first = request();
  scrapes.enter(first);
  scrapes.enter(request());
  expect(() => scrapes.enter(request())).toThrow('Too many concurrent requests for /metrics, limit 2');
  await first.finish();
  scrapes.enter(request());
  expect(() => scrapes.enter(request())).toThrow(expect.objectContaining({ status: 503 }));
});

it('disconnects only a client that reads past the deadline', async () => {
  const scrapes = gate();
  const slow = request('2');
  const quick = request('1');
  scrapes.enter(slow);
  scrapes.enter(quick);
  await quick.finish();
  vi.advanceTimersByTime(1999);
  expect(slow.isCutOff).toBe(false);
  vi.advanceTimersByTime(1);
  expect([slow.isCutOff, quick.isCutOff]).toEqual([true, false]);
  expect(vi.getTimerCount()).toBe(0);
});
