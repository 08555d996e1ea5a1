import { describe, expect, it } from 'vitest';
import type { SandboxDetail, Snapshot } from '../src/api/index.ts';
import { CAPACITY, History } from './history.ts';

const snapshot = (nowSeconds: number, cpuSeconds: Readonly<Record<string, number>>): Snapshot =>
  ({
    node: { nowSeconds, process: { cpuSecondsTotal: nowSeconds / 10 } },
    sandboxes: Object.entries(cpuSeconds).map(([id, usageSecondsTotal]) => ({
      id,
      namespace: null,
      pod: null,
      state: 'running',
      reasons: [],
      readSeconds: nowSeconds,
      cpu: { usageSecondsTotal, cores: 2 },
      memory: { totalBytes: 100, workingSetBytes: nowSeconds, availableBytes: null },
      host: { memoryBytes: null, cpuSecondsTotal: null, overheadMemoryBytes: null },
      network: { receiveBytesTotal: null, transmitBytesTotal: null },
      disk: { readBytesTotal: null, writtenBytesTotal: null },
      load1: null,
      agent: { millisecondsTotal: null, callsTotal: null },
      rates: null,
    })),
  }) as unknown as Snapshot;

const detail = (id: string, readSeconds: number, user: number): SandboxDetail =>
  ({
    sandbox: { id, readSeconds },
    families: [
      {
        name: 'kata_guest_cpu_time',
        samples: [
          { labels: { cpu: 'total', item: 'user' }, value: String(user) },
          { labels: { cpu: 'total', item: 'idle' }, value: '1' },
          { labels: { cpu: '0', item: 'user' }, value: '77' },
        ],
      },
    ],
  }) as unknown as SandboxDetail;

describe('History', () => {
  it('keeps values in order, with gaps where they are unknown', () => {
    const history = new History();
    history.add(snapshot(10, { a: 1 }));
    history.add(snapshot(12, { a: 2, b: 5 }));
    history.add(snapshot(14, { b: 9 }));
    history.add(snapshot(16, { a: 8, b: 9 }));
    expect(history.times()).toEqual([10, 12, 14, 16]);
    expect(history.series('a', 'cpu')).toEqual([null, 0.5, null, null]);
    expect(history.series('b', 'cpu')).toEqual([null, null, 2, 0]);
    expect(history.series('a', 'memory')).toEqual([10, 12, null, 16]);
    expect(history.series('none', 'cpu')).toEqual([null, null, null, null]);
    expect(history.monitorCores).toBeCloseTo(0.1);
  });

  it('overwrites the oldest values, and gives the last ones', () => {
    const history = new History();
    for (let i = 0; i < CAPACITY + 5; i++) {
      history.add(snapshot(2 * i, { a: i }));
    }
    expect(history.times()).toHaveLength(CAPACITY);
    expect(history.times()[0]).toBe(10);
    expect(history.times(2)).toEqual([2 * CAPACITY + 6, 2 * CAPACITY + 8]);
    expect(history.series('a', 'cpu', 2)).toEqual([0.5, 0.5]);
  });

  it('shows a sandbox that has ended for a minute, and then forgets it', () => {
    const history = new History();
    history.add(snapshot(10, { a: 1 }));
    history.add(snapshot(12, {}));
    expect(history.rows().map(({ goneSeconds }) => goneSeconds)).toEqual([12]);
    history.add(snapshot(70, {}));
    expect(history.find('a')?.goneSeconds).toBe(12);
    history.add(snapshot(73, {}));
    expect(history.rows()).toEqual([]);
    // The same id again is a running sandbox.
    history.add(snapshot(75, { a: 1 }));
    expect(history.find('a')?.goneSeconds).toBeUndefined();
  });

  it('computes CPU modes from the details', () => {
    const history = new History();
    history.add(snapshot(10, { a: 1 }));
    history.addDetail(detail('a', 9.5, 1000));
    history.add(snapshot(12, { a: 2 }));
    history.addDetail(detail('a', 11.5, 2500));
    history.addDetail(detail('gone', 11.5, 1));
    expect(history.series('a', 'user')).toEqual([null, 0.75]);
    expect(history.series('a', 'system')).toEqual([null, null]);
  });
});
