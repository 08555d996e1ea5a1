import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PodOverhead } from './pod-overhead.ts';
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
    'one CPU of the host, half of it for the guest',
    [
      [0, 0, 0, undefined],
      [10_000, 10_000, 5_000, 50],
    ],
  ],
  [
    'more in the guest than on the host is negative, not huge',
    [
      [0, 0, 0, undefined],
      [10_000, 1_000, 1_100, -1],
    ],
  ],
  [
    'several CPUs go beyond 100',
    [
      [0, 0, 0, undefined],
      [1_000, 4_000, 1_000, 300],
    ],
  ],
  [
    'a host counter that went back',
    [
      [0, 500, 0, undefined],
      [1_000, 10, 5, undefined],
      [2_000, 110, 55, 5],
    ],
  ],
  [
    'a guest counter that went back',
    [
      [0, 500, 400, undefined],
      [1_000, 600, 5, undefined],
      [2_000, 700, 55, 5],
    ],
  ],
  [
    'a guest that was not there once',
    [
      [0, 0, 0, undefined],
      [1_000, 10, undefined, undefined],
      [2_000, 20, 5, undefined],
      [3_000, 30, 10, 0.5],
    ],
  ],
  [
    'a clock that went back',
    [
      [10_000, 0, 0, undefined],
      [5_000, 100, 0, undefined],
      [6_000, 150, 0, 5],
    ],
  ],
  [
    'requests at the same time',
    [
      [0, 0, 0, undefined],
      [0, 10, 0, undefined],
      [1_000, 100, 0, 10],
      [1_100, 500, 0, 10],
      [2_000, 300, 0, 20],
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
    [150, 200, -50],
    [undefined, 200, undefined],
    [200, undefined, undefined],
  ])('memory: host %s, guest %s', (host, guest, expected) => {
    const overhead = new PodOverhead();
    expect(overhead.observe({ atMs: 0, host: use(host, 0), guest: use(guest, 0) }).memoryBytes).toBe(expected);
  });

  it('has no share of CPU between two readings of different counters, however they rise', () => {
    const overhead = new PodOverhead();
    const host = (...counters: [string, number][]): Use => ({ memoryBytes: 0, cpuMs: new Map(counters) });
    const observe = (atMs: number, counters: [string, number][]) =>
      overhead.observe({ atMs, host: host(...counters), guest: use(0, 0) }).cpuPercent;
    expect(observe(0, [['a', 10]])).toBeUndefined();
    expect(observe(1_000, [['b', 500]])).toBeUndefined();
    expect(
      observe(2_000, [
        ['b', 510],
        ['c', 900],
      ]),
    ).toBeUndefined();
    expect(observe(3_000, [['b', 520]])).toBeUndefined();
    expect(observe(4_000, [['b', 530]])).toBe(1);
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

  it('gives the signed difference of what was read, and no share of CPU that was not measured', () => {
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1, maxLength: 8 }), (readings) => {
        const overhead = new PodOverhead();
        let previous: number | undefined;
        for (const [i, each] of readings.entries()) {
          const { memoryBytes, cpuPercent } = overhead.observe(each);
          const { host, guest } = each;
          const isKnown = host.memoryBytes !== undefined && guest.memoryBytes !== undefined;
          expect(memoryBytes).toBe(isKnown ? host.memoryBytes! - guest.memoryBytes! : undefined);
          expect(cpuPercent === undefined || Number.isFinite(cpuPercent)).toBe(true);
          // Never of the first reading, never of one that lacks a side.
          const canHave = i > 0 && host.cpuMs !== undefined && guest.cpuMs !== undefined;
          expect(cpuPercent === undefined || canHave).toBe(true);
          // After a jump back there is nothing to say.
          const isBack = i > 0 && each.atMs < readings[i - 1]!.atMs;
          expect(cpuPercent === undefined || cpuPercent === previous || !isBack).toBe(true);
          previous = cpuPercent;
        }
      }),
    );
  });

  it('is right about rises, host below guest included', () => {
    const rise = fc.double({ min: 0, max: 1e9, noNaN: true });
    const step = fc.record({ elapsedMs: fc.integer({ min: 500, max: 3_600_000 }), hostMs: rise, guestMs: rise });
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
          expect(cpuPercent).toBe(expected);
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
        expect(overhead.observe({ atMs: 1_000, host, guest }).cpuPercent).toBeUndefined();
      }),
    );
  });
});
