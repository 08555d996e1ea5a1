import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GcRecord, MAX_RECENT_PAUSES, type RuntimeObserver, startRuntimeObserver } from './runtime-observer.ts';

describe('GcRecord', () => {
  it('keeps totals by kind, and the end of the last', () => {
    const record = new GcRecord(1_700_000_000_000);
    expect([record.recentPauses().length, record.lastEndSeconds()]).toEqual([0, undefined]);
    record.add({ kind: 1, startTime: 1000, duration: 2 });
    record.add({ kind: 2, startTime: 1500, duration: 1 });
    record.add({ kind: 4, startTime: 2000, duration: 8 });
    expect([...record.totals()]).toEqual([
      ['minor', { runs: 2, seconds: 0.003 }],
      ['major', { runs: 1, seconds: 0.008 }],
    ]);
    expect([...record.recentPauses()]).toEqual([0.001, 0.002, 0.008]);
    expect(record.lastEndSeconds()).toBe(1_700_000_002.008);
  });

  it('keeps the last pauses only', () => {
    const record = new GcRecord(0);
    for (let duration = 1; duration <= MAX_RECENT_PAUSES + 10; duration++) {
      record.add({ kind: 8, startTime: 0, duration });
    }
    const pauses = record.recentPauses();
    expect([pauses.length, pauses[0], pauses.at(-1)]).toEqual([MAX_RECENT_PAUSES, 0.011, 0.266]);
    expect(record.totals().get('incremental')?.runs).toBe(MAX_RECENT_PAUSES + 10);
  });
});

describe('startRuntimeObserver', () => {
  let observer: RuntimeObserver;
  beforeAll(() => {
    observer = startRuntimeObserver();
  });
  afterAll(() => observer.stop());

  it('is notified of a collection', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const before = Date.now() / 1000;
    collect();
    while (observer.totals().get('major') === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(observer.recentPauses().length).toBeGreaterThan(0);
    expect(Math.abs((observer.lastEndSeconds() ?? 0) - before)).toBeLessThan(10);
  });

  it('never counts filled bytes backwards', () => {
    let last = observer.filledBytes();
    for (let round = 0; round < 100; round++) {
      expect(Array.from({ length: 1000 }, (_, n) => ({ n })).length).toBe(1000);
      const filled = observer.filledBytes();
      expect(filled).toBeGreaterThanOrEqual(last);
      last = filled;
    }
    expect(last).toBeGreaterThan(0);
  });
});
