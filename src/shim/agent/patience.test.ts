import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Patience } from './patience.ts';

interface Call {
  end(result: string, tookMs: number): Promise<void>;
}

let idleMs: number;
let patience: Patience;
let call: Call;
let isResponsive: boolean;
let checks: number;

beforeEach(() => {
  vi.useFakeTimers();
  idleMs = 0;
  isResponsive = true;
  checks = 0;
  patience = new Patience({ idleNowMs: () => idleMs, now: () => Date.now() });
  return () => vi.useRealTimers();
});

const isWorthKeeping = (result: string): boolean => result !== 'failed';

/** One request with its own call, which the test ends by `call`. */
function request(kind = 'metrics'): Promise<string> {
  const ending = Promise.withResolvers<string>();
  call = {
    end: async (result, tookMs) => {
      await vi.advanceTimersByTimeAsync(tookMs);
      idleMs += tookMs;
      ending.resolve(result);
      await vi.advanceTimersByTimeAsync(0);
    },
  };
  return patience.wait(kind, () => patience.time(kind, () => ending.promise, isWorthKeeping), {
    toLate: (kept) => (kept === undefined ? 'slow' : `kept ${kept}`),
    isResponsive: async () => {
      checks += 1;
      return isResponsive;
    },
  });
}

/** The result of each request whose call takes so long: `result` numbers them from 1. */
async function requestAll(durations: readonly number[], kind?: string): Promise<string[]> {
  const results: string[] = [];
  for (const [at, tookMs] of durations.entries()) {
    const result = request(kind);
    await call.end(`${at + 1}`, tookMs);
    results.push(await result);
  }
  return results;
}

describe('Patience', () => {
  it.each<[name: string, durations: number[], results: string[]]>([
    ['waits for a fast agent', [10, 400, 10], ['1', '2', '3']],
    [
      'waits once for a slow one, and then has its results one request later',
      [600, 600, 600, 600],
      ['1', 'slow', 'kept 2', 'kept 3'],
    ],
    [
      'takes a result that is in time, and never an older one after it',
      [600, 600, 100, 600, 600],
      ['1', 'slow', '3', 'slow', 'kept 4'],
    ],
    [
      'waits again after eight fast responses',
      [600, ...Array(9).fill(300), 390],
      ['1', 'slow', ...[2, 3, 4, 5, 6, 7, 8, 9].map((n) => `kept ${n}`), '11'],
    ],
  ])('%s', async (_, durations, results) => {
    expect(await requestAll(durations)).toEqual(results);
  });

  it('sends no health check while the agent is fast', async () => {
    await requestAll([10, 400, 600]);
    expect(checks).toBe(0);
  });

  it('does not return a kept result of an agent that does not respond any more, as of a paused guest', async () => {
    expect(await requestAll([600, 600])).toEqual(['1', 'slow']);
    isResponsive = false;
    const paused = request();
    await vi.advanceTimersByTimeAsync(200);
    expect(await paused).toBe('slow');
    expect(checks).toBe(1);
  });

  it('does not return a kept result after a later call has failed', async () => {
    await requestAll([600, 600]);
    const failing = request();
    await call.end('failed', 2000);
    expect(await failing).toBe('kept 2');
    expect(await requestAll([600])).toEqual(['slow']);
  });

  it('keeps a result for two minutes', async () => {
    await requestAll([600, 600]);
    await vi.advanceTimersByTimeAsync(119_000);
    const inTime = request();
    await call.end('3', 600);
    expect(await inTime).toBe('kept 2');
    await vi.advanceTimersByTimeAsync(121_000);
    expect(await requestAll([600])).toEqual(['slow']);
  });

  it('keeps results of each kind separately', async () => {
    expect(await requestAll([600, 600], 'container a')).toEqual(['1', 'slow']);
    expect(await requestAll([10], 'container b')).toEqual(['1']);
    expect(await requestAll([600], 'container a')).toEqual(['kept 2']);
  });
});
