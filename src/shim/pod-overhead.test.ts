import { describe, expect, it } from 'vitest';
import { PodOverhead, type Use } from './pod-overhead.ts';

const use = (memoryBytes: number | undefined, cpuMs: number | undefined): Use => ({ memoryBytes, cpuMs });

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
    let nowMs = 0;
    const overhead = new PodOverhead(() => nowMs);
    const percents = steps.map(([atMs, hostCpuMs, guestCpuMs]) => {
      nowMs = atMs;
      return overhead.observe(use(0, hostCpuMs), use(0, guestCpuMs)).cpuPercent;
    });
    expect(percents).toEqual(steps.map(([, , , percent]) => percent));
  });

  it.each([
    [200, 150, 50],
    [150, 200, -50],
    [undefined, 200, undefined],
    [200, undefined, undefined],
  ])('memory: host %s, guest %s', (host, guest, expected) => {
    const overhead = new PodOverhead(() => 0);
    expect(overhead.observe(use(host, 0), use(guest, 0)).memoryBytes).toBe(expected);
  });
});
