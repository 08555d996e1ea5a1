import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairBudget } from './fair-budget.ts';

const limits = { share: 100, extra: 60 };

describe('FairBudget', () => {
  it('grants every sandbox its share, whatever others demand', () => {
    const budget = new FairBudget(limits).begin();
    budget.grant('a', 1000);
    expect(budget.grant('b', 100)).toBe(100);
    expect(budget.grant('b', 99)).toBe(99);
  });

  it('grants the extra in order of demand, and equal parts from the second scrape on', () => {
    const budgets = new FairBudget(limits);
    const scrape = (): number[] => {
      const budget = budgets.begin();
      return ['a', 'b', 'c'].map((id) => budget.grant(id, 1000));
    };
    expect(scrape()).toEqual([160, 100, 100]);
    expect(scrape()).toEqual([120, 120, 120]);
    expect(scrape()).toEqual([120, 120, 120]);
  });

  it('grants small demands completely, and the others equal parts of the rest', () => {
    const budgets = new FairBudget(limits);
    const scrape = (): number[] => {
      const budget = budgets.begin();
      return (
        [
          ['large', 1000],
          ['huge', 9000],
          ['small', 110],
        ] as const
      ).map(([id, wanted]) => budget.grant(id, wanted));
    };
    scrape();
    // Nothing was left for the small demand: all three count as infinite once.
    expect(scrape()).toEqual([120, 120, 110]);
    expect(scrape()).toEqual([125, 125, 110]);
  });

  it('counts repeated demands of one sandbox once', () => {
    const budget = new FairBudget(limits).begin();
    expect([90, 120, 150, 200].map((wanted) => budget.grant('a', wanted))).toEqual([90, 120, 150, 160]);
    expect(budget.grant('b', 101)).toBe(100);
    expect(budget.grant('a', 150)).toBe(150);
  });

  it('never grants more than the shares and the extra', () => {
    const wish = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), wanted: fc.nat({ max: 500 }) });
    fc.assert(
      fc.property(fc.array(wish), fc.array(wish), (first, second) => {
        const budgets = new FairBudget(limits);
        for (const wishes of [first, second]) {
          const budget = budgets.begin();
          const granted = new Map<string, number>();
          for (const { id, wanted } of wishes) {
            const got = budget.grant(id, wanted);
            expect(got).toBeGreaterThanOrEqual(Math.min(wanted, limits.share));
            granted.set(id, Math.max(got, granted.get(id) ?? 0));
          }
          const beyond = [...granted.values()].reduce((sum, got) => sum + Math.max(0, got - limits.share), 0);
          expect(beyond).toBeLessThanOrEqual(limits.extra);
        }
      }),
    );
  });
});
