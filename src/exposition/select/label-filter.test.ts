import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewOf } from '../format/words.ts';
import { type LabelChoice, LabelFilter } from './label-filter.ts';

function ask(filter: LabelFilter, labels: string): boolean {
  const line = Buffer.from(`a${labels} 1\n`);
  return filter.passes(line, viewOf(line), 1, line.length);
}

/** What it says, the first time and when it knows. */
function passes(labels: string, choice: LabelChoice): boolean {
  const filter = new LabelFilter(choice);
  const first = ask(filter, labels);
  filter.restart();
  expect(ask(filter, labels)).toBe(first);
  return first;
}

describe('LabelFilter', () => {
  it.each<[labels: string, choice: LabelChoice]>([
    ['{item="b"}', { item: ['a', 'b'] }],
    ['{x="1",item="b"}', { item: ['b'] }],
    ['{item="b",}', { item: ['b'] }],
    [' { item = "b" , x="1" }', { item: ['b'] }],
    ['{item="b",cpu="total"}', { cpu: ['total'], item: ['b'] }],
    ['{interface="eth0"}', { interface: { not: ['lo'] } }],
    ['', { interface: { not: ['lo'] } }],
    ['{}', {}],
    ['{item=""}', { item: [''] }],
    ['{x="a\\"}",item="b"}', { item: ['b'] }],
    ['{x="größe",item="größe"}', { item: ['größe'] }],
  ])('passes %s by %j', (labels, choice) => {
    expect(passes(labels, choice)).toBe(true);
  });

  it.each<[labels: string, choice: LabelChoice]>([
    ['', { item: ['a'] }],
    ['{}', { item: ['a'] }],
    ['{item="c"}', { item: ['a', 'b'] }],
    ['{item="aa"}', { item: ['a'] }],
    ['{items="a"}', { item: ['a'] }],
    ['{item="b"}', { cpu: ['total'], item: ['b'] }],
    ['{item="b",cpu="0"}', { cpu: ['total'], item: ['b'] }],
    ['{interface="lo"}', { interface: { not: ['lo'] } }],
    ['{x="item=\\"a\\""}', { item: ['a'] }],
  ])('does not pass %s by %j', (labels, choice) => {
    expect(passes(labels, choice)).toBe(false);
  });

  it.each(['{', '{item', '{item=', '{item="', '{item="a', '{item="a\\', '{item="a"', '{item="a";x="b"}', '{"a"}'])(
    'leaves %s, which cannot be read, to the scanner',
    (labels) => {
      expect(passes(labels, { item: ['a'] })).toBe(true);
    },
  );

  it('decides the same after any other query', () => {
    const series = ['{item="a"}', '{item="ab"}', '{item="b",x="1"}', '{x="2",item="a"}', '{}', '{x="3"}', '{item="a"'];
    const choice = { item: ['a', 'b'] };
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...series), fc.constant('restart'))), (asked) => {
        const filter = new LabelFilter(choice);
        for (const labels of asked) {
          if (labels === 'restart') {
            filter.restart();
          } else {
            expect(ask(filter, labels)).toBe(ask(new LabelFilter(choice), labels));
          }
        }
      }),
    );
  });
});
