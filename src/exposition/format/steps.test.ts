import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runToEnd, sortByName } from './steps.ts';

describe('sortByName', () => {
  it.each([0, 1, 2, 4096, 4097, 20_000])('sorts %d names in steps', (count) => {
    const items = Array.from({ length: count }, (_, i) => ({ name: String((i * 7919) % 100_003) }));
    const steps = sortByName(items);
    let pauses = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) {
      pauses++;
    }
    expect(step.value.map(({ name }) => name)).toEqual(items.map(({ name }) => name).sort());
    expect(pauses).toBeGreaterThanOrEqual(Math.ceil(count / 4096));
  });

  it('sorts as the engine does', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (names) => {
        const sorted = runToEnd(sortByName(names.map((name) => ({ name }))));
        expect(sorted.map(({ name }) => name)).toEqual(names.toSorted());
      }),
    );
  });
});
