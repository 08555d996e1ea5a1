import { describe, expect, it } from 'vitest';
import { itemLabels, LabelsWithItem } from './label-sets.ts';

describe('labels', () => {
  it('are one object for the same values', () => {
    const sets = new LabelsWithItem('cpu');
    expect(itemLabels('x')).toBe(itemLabels('x'));
    expect(sets.of('0', 'user')).toBe(sets.of('0', 'user'));
    expect([itemLabels('x'), sets.of('0', 'user'), sets.of('0', 'idle'), sets.of('1', 'user')]).toEqual([
      { item: 'x' },
      { cpu: '0', item: 'user' },
      { cpu: '0', item: 'idle' },
      { cpu: '1', item: 'user' },
    ]);
  });

  it('are right when there are more than are remembered', () => {
    const sets = new LabelsWithItem('disk');
    for (let i = 0; i < 20_000; i++) {
      expect(sets.of(`disk${i}`, 'reads')).toEqual({ disk: `disk${i}`, item: 'reads' });
      expect(itemLabels(`item${i}`).item).toBe(`item${i}`);
    }
    expect(sets.of('disk1', 'reads')).toEqual({ disk: 'disk1', item: 'reads' });
  });
});
