import { describe, expect, it } from 'vitest';
import { type LabelChoice, LabelFilter } from './label-filter.ts';

function passes(labels: string, choice: LabelChoice): boolean {
  const line = Buffer.from(`a${labels} 1\n`);
  return new LabelFilter(choice).passes(line, 1, line.length);
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
});
