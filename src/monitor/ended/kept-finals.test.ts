import { describe, expect, it } from 'vitest';
import { toSandboxLabels } from '../../cri/index.ts';
import { encodeFinal, type FinalSandbox, parseFinal } from './final-sandbox.ts';
import { KeptFinals } from './kept-finals.ts';
import { Scrapers } from './scrapers.ts';
import { readTotal, Totals } from './totals.ts';

const NOW_MS = 1_800_000_000_000;

function finalOf(sequence: number, endedMs = NOW_MS, message = ''): FinalSandbox {
  const sandboxId = `s${sequence}`;
  return {
    sequence,
    labels: toSandboxLabels(sandboxId, undefined),
    runtimeHandler: 'kata',
    words: {
      sandboxId,
      epoch: 'e',
      reason: 'stopped',
      message,
      startedMs: endedMs - 1500,
      endedMs,
      pod: undefined,
      values: { cpuSeconds: 0.5 },
    },
  };
}

function keep(finals: readonly FinalSandbox[]): KeptFinals {
  const kept = new KeptFinals();
  finals.forEach((final) => void kept.add(final, final.words.endedMs));
  return kept;
}

const sequences = (kept: KeptFinals): number[] =>
  kept.after(0, Number.POSITIVE_INFINITY).map(({ sequence }) => sequence);

describe('kept finals', () => {
  it('are given in parts, from the oldest', () => {
    const kept = keep([1, 2, 3, 4].map((sequence) => finalOf(sequence)));
    expect(kept.after(1, 2).map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect(kept.after(4, 2)).toEqual([]);
  });

  it.each([
    [0, [1, 2, 3]],
    [2, [3]],
    [3, []],
    [9, []],
  ])('are released up to %i', (sequence, left) => {
    const kept = keep([1, 2, 3].map((each) => finalOf(each)));
    kept.release(sequence);
    expect(sequences(kept)).toEqual(left);
    expect(kept.lines()).toHaveLength(left.length);
  });

  it('have three limits', () => {
    const tooOld = finalOf(1, NOW_MS - 10 * 60_000 - 1);
    const many = Array.from({ length: 1002 }, (_, i) => finalOf(i + 2));
    const kept = keep([tooOld, ...many]);
    expect([...kept.enforceLimits(NOW_MS)]).toEqual([
      ['age', 1],
      ['count', 2],
    ]);
    expect(sequences(kept)[0]).toBe(4);
    expect([...kept.enforceLimits(NOW_MS)]).toEqual([]);
    const large = keep(Array.from({ length: 12 }, (_, i) => finalOf(i + 1, NOW_MS, 'x'.repeat(1024 * 1024))));
    // A line has a message of at most 256 characters.
    expect([...large.enforceLimits(NOW_MS)]).toEqual([]);
  });
});

describe('the line of a final', () => {
  it('is read as it was written', () => {
    expect(parseFinal(encodeFinal(finalOf(7)), NOW_MS)).toEqual(finalOf(7));
  });

  it.each(['{}', '{"sequence":1}', '{"sequence":1,"runtimeHandler":"","words":"{}"}', 'null'])(
    '%s is refused',
    (line) => {
      expect(() => parseFinal(line, NOW_MS)).toThrow();
    },
  );
});

describe('totals', () => {
  it('add up by namespace and handler, without the values that a sandbox does not have', () => {
    const totals = new Totals();
    const place = { namespace: 'a', runtimeHandler: 'kata' };
    const { words } = finalOf(1);
    totals.addSandbox(place, words);
    totals.addSandbox(place, { ...words, reason: 'failed', values: { diskReadBytes: 7 } });
    expect(totals.list()).toEqual([
      { ...place, count: { stopped: 1, failed: 1 }, sums: { cpuSeconds: 0.5, diskReadBytes: 7, lifetimeSeconds: 3 } },
    ]);
    expect(totals.list().map(readTotal)).toEqual(totals.list());
  });

  it('are limited: further namespaces go into the total without one', () => {
    const totals = new Totals();
    for (let i = 0; i < 1010; i++) {
      totals.addSandbox({ namespace: `n${i}`, runtimeHandler: 'kata' }, finalOf(i).words);
    }
    expect(totals.list()).toHaveLength(1001);
    expect(totals.list().at(-1)).toMatchObject({ namespace: '', runtimeHandler: '', count: { stopped: 10 } });
  });
});

describe('scrapers', () => {
  it('have read what the slowest of the last minutes has', () => {
    const scrapers = new Scrapers();
    expect(scrapers.seenByAll(0)).toBe(0);
    scrapers.begin('a', 0);
    scrapers.begin('b', 1000);
    scrapers.note('a', 7);
    expect(scrapers.seenByAll(1000)).toBe(0);
    scrapers.note('b', 5);
    scrapers.note('b', 3);
    expect(scrapers.seenByAll(1000)).toBe(5);
    expect(scrapers.begin('b', 2000)).toBe(5);
    expect(scrapers.seenByAll(300_001)).toBe(5);
    expect(scrapers.list()).toEqual([{ key: 'b', seen: 5 }]);
  });

  it('are limited: those that have not come for the longest time are forgotten', () => {
    const scrapers = new Scrapers();
    for (let i = 0; i < 100; i++) {
      scrapers.begin(`scraper ${i}`, i);
    }
    expect(scrapers.list()).toHaveLength(64);
    expect(scrapers.has('scraper 0')).toBe(false);
    const later = new Scrapers();
    later.restore(scrapers.list(), 1_000_000);
    expect(later.list()).toHaveLength(64);
  });
});
