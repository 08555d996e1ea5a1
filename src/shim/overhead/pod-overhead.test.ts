import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MIN_WINDOW_MS, PodOverhead } from './pod-overhead.ts';
import type { Use } from './use.ts';

const use = (memoryBytes: number | undefined, cpuMs: number | undefined): Use => ({
  memoryBytes,
  cpuMs: cpuMs === undefined ? undefined : new Map([['all', cpuMs]]),
});

/** Observations one after another: at, host, guest, and the CPU percent expected. */
type Step = readonly [
  atMs: number,
  hostCpuMs: number | undefined,
  guestCpuMs: number | undefined,
  percent: number | undefined,
];

const SEQUENCES: readonly [string, readonly Step[]][] = [
  ['the first request has none', [[0, 100, 50, undefined]]],
  [
    'none before a minute has passed, then over the last minute',
    [
      [0, 0, 0, undefined],
      [1_000, 790, 0, undefined],
      [30_000, 15_000, 0, undefined],
      [40_000, 20_000, 0, undefined],
      [60_000, 30_000, 0, 50],
      [90_000, 30_000, 0, 25],
      [120_000, 60_000, 0, 50],
    ],
  ],
  [
    'one CPU of the host, half of it for the guest',
    [
      [0, 0, 0, undefined],
      [100_000, 100_000, 50_000, 50],
    ],
  ],
  [
    'more in the guest than on the host is none, neither negative nor huge',
    [
      [0, 0, 0, undefined],
      [100_000, 10_000, 11_000, undefined],
      [200_000, 30_000, 21_000, 10],
    ],
  ],
  [
    'several CPUs go beyond 100',
    [
      [0, 0, 0, undefined],
      [60_000, 240_000, 60_000, 300],
    ],
  ],
  [
    'a host counter that went back',
    [
      [0, 500, 0, undefined],
      [60_000, 10, 5, undefined],
      [119_000, 3_000, 5, undefined],
      [120_000, 6_010, 3_005, 5],
    ],
  ],
  [
    'a guest counter that went back',
    [
      [0, 500, 400, undefined],
      [60_000, 600, 5, undefined],
      [120_000, 6_600, 3_005, 5],
    ],
  ],
  [
    'a guest that was not there once',
    [
      [0, 0, 0, undefined],
      [60_000, 10, undefined, undefined],
      [120_000, 20, 5, undefined],
      [180_000, 620, 305, 0.5],
    ],
  ],
  [
    'a clock that went back',
    [
      [100_000, 0, 0, undefined],
      [50_000, 100, 0, undefined],
      [110_000, 3_100, 0, 5],
    ],
  ],
];

describe('PodOverhead', () => {
  it.each(SEQUENCES)('cpu: %s', (_, steps) => {
    const overhead = new PodOverhead();
    const percents = steps.map(
      ([atMs, host, guest]) => overhead.observe({ atMs, host: use(0, host), guest: use(0, guest) }).cpuPercent,
    );
    expect(percents).toEqual(steps.map(([, , , percent]) => percent));
  });

  it.each([
    [200, 150, 50],
    [150, 200, undefined],
    [150, 150, 0],
    [undefined, 200, undefined],
    [200, undefined, undefined],
  ])('memory: host %s, guest %s', (host, guest, expected) => {
    const overhead = new PodOverhead();
    expect(overhead.observe({ atMs: 0, host: use(host, 0), guest: use(guest, 0) }).memoryBytes).toBe(expected);
  });

  it('has no share of CPU between two readings of different counters, however they rise', () => {
    const overhead = new PodOverhead();
    const host = (...counters: [string, number][]): Use => ({ memoryBytes: 0, cpuMs: new Map(counters) });
    const observe = (atMs: number, ...counters: [string, number][]) =>
      overhead.observe({ atMs, host: host(...counters), guest: use(0, 0) }).cpuPercent;
    expect(observe(0, ['a', 10])).toBeUndefined();
    expect(observe(60_000, ['b', 500])).toBeUndefined();
    expect(observe(120_000, ['b', 510], ['c', 900])).toBeUndefined();
    expect(observe(180_000, ['b', 520])).toBeUndefined();
    expect(observe(240_000, ['b', 1120])).toBe(1);
  });

  it('remembers a dozen readings, however many requests come', () => {
    const overhead = new PodOverhead();
    for (let atMs = 0; atMs < 600_000; atMs += 100) {
      const { cpuPercent } = overhead.observe({ atMs, host: use(0, atMs / 10), guest: use(0, 0) });
      expect(cpuPercent).toEqual(atMs < MIN_WINDOW_MS ? undefined : expect.closeTo(10, 6));
    }
  });
});

describe('any sequence of readings', () => {
  const counters = fc.oneof(
    fc.constant(undefined),
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.double({ min: 0, max: 2 ** 64, noNaN: true })), {
      maxLength: 3,
    }),
  );
  const side: fc.Arbitrary<Use> = fc.record({
    memoryBytes: fc.option(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
    cpuMs: counters.map((pairs) => pairs && new Map(pairs)),
  });
  // Clocks that stand, run, and jump either way.
  const reading = fc.record({ atMs: fc.integer({ min: -100_000, max: 100_000 }), host: side, guest: side });

  it('gives the difference where it is not negative, and no share of CPU that was not measured', () => {
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1, maxLength: 8 }), (readings) => {
        const overhead = new PodOverhead();
        for (const [i, each] of readings.entries()) {
          const { memoryBytes, cpuPercent } = overhead.observe(each);
          const { host, guest } = each;
          const difference = (host.memoryBytes ?? Number.NaN) - (guest.memoryBytes ?? Number.NaN);
          expect(memoryBytes).toBe(difference >= 0 ? difference : undefined);
          expect(cpuPercent === undefined || (Number.isFinite(cpuPercent) && cpuPercent >= 0)).toBe(true);
          // Never of the first reading, never of one that lacks a side, never after a jump back.
          const isBack = i > 0 && each.atMs < readings[i - 1]!.atMs;
          const canHave = i > 0 && host.cpuMs !== undefined && guest.cpuMs !== undefined && !isBack;
          expect(cpuPercent === undefined || canHave).toBe(true);
        }
      }),
    );
  });

  it('is right about rises', () => {
    const rise = fc.double({ min: 0, max: 1e9, noNaN: true });
    const step = fc.record({
      elapsedMs: fc.integer({ min: MIN_WINDOW_MS, max: 3_600_000 }),
      hostMs: rise,
      guestMs: rise,
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const overhead = new PodOverhead();
        let at = { atMs: 0, hostMs: 0, guestMs: 0 };
        overhead.observe({ atMs: 0, host: use(0, 0), guest: use(0, 0) });
        for (const { elapsedMs, hostMs, guestMs } of steps) {
          const next = { atMs: at.atMs + elapsedMs, hostMs: at.hostMs + hostMs, guestMs: at.guestMs + guestMs };
          const { cpuPercent } = overhead.observe({
            atMs: next.atMs,
            host: use(0, next.hostMs),
            guest: use(0, next.guestMs),
          });
          const expected = ((next.hostMs - at.hostMs - (next.guestMs - at.guestMs)) / elapsedMs) * 100;
          expect(cpuPercent).toBe(expected >= 0 ? expected : undefined);
          at = next;
        }
      }),
    );
  });

  it('has nothing of a counter that was started again', () => {
    const value = fc.double({ min: 1, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(value, fc.double({ min: 0, max: 0.99, noNaN: true }), fc.boolean(), (before, part, isHost) => {
        const overhead = new PodOverhead();
        const after = before * part;
        overhead.observe({ atMs: 0, host: use(0, before), guest: use(0, before) });
        const host = use(0, isHost ? after : before);
        const guest = use(0, isHost ? before : after);
        expect(overhead.observe({ atMs: MIN_WINDOW_MS, host, guest }).cpuPercent).toBeUndefined();
      }),
    );
  });
});
