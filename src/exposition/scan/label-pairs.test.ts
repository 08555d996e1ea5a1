import { describe, expect, it } from 'vitest';
import { keyOfSeries, OFFSETS_PER_PAIR, splitLabels, unescapeLabelValue } from './label-pairs.ts';

function pairsOf(text: string): string[] {
  const offsets = splitLabels(text, 0);
  return Array.from({ length: offsets.length / OFFSETS_PER_PAIR }, (_, i) => {
    const [nameStart, nameEnd, valueStart, valueEnd] = offsets.slice(i * OFFSETS_PER_PAIR);
    return `${text.slice(nameStart, nameEnd)}:${text.slice(valueStart, valueEnd)}`;
  });
}

describe('splitLabels', () => {
  it.each([
    ['', []],
    ['a="1"', ['a:1']],
    ['a="1",b="2"', ['a:1', 'b:2']],
    ['a=""', ['a:']],
    ['a="1",', ['a:1']],
    [' a =\t"1" , b= "2" , ', ['a:1', 'b:2']],
    ['a="=,\\"}",b="2"', ['a:=,\\"}', 'b:2']],
    ['a="\\\\",b="\\\\\\""', ['a:\\\\', 'b:\\\\\\"']],
  ])('splits %s', (text, pairs) => {
    expect(pairsOf(text)).toEqual(pairs);
  });
});

describe('unescapeLabelValue', () => {
  it.each([
    ['', ''],
    ['plain', 'plain'],
    ['\\\\', '\\'],
    ['\\n', '\n'],
    ['\\\\n', '\\n'],
    ['a\\"b\\nc', 'a"b\nc'],
    ['\\\\\\\\\\n', '\\\\\n'],
  ])('reads %s', (text, value) => {
    expect(unescapeLabelValue(text)).toBe(value);
  });
});

describe('keyOfSeries', () => {
  it.each([
    ['no labels', 'a', 'a', true],
    ['another name', 'a', 'b', false],
    ['another order', 'a{b="1",c="2"', 'a{c="2",b="1"', true],
    ['values exchanged', 'a{b="1",c="2"', 'a{b="2",c="1"', false],
    ['a comma inside a value', 'a{b="1,c",d="2"', 'a{b="1",c="2"', false],
    ['a name that begins with another', 'a{bb="1",b="2"', 'a{b="2",bb="1"', true],
    ['a name that begins with another, and a digit', 'a{b1="1",b="2"', 'a{b="2",b1="1"', true],
    ['labels or none', 'a{b="1"', 'a', false],
  ])('tells series apart: %s', (_, one, other, isSame) => {
    expect(keyOfSeries(one) === keyOfSeries(other)).toBe(isSame);
  });

  it('leaves a label out', () => {
    expect(keyOfSeries('a{le="1",b="2"', 'le')).toBe(keyOfSeries('a{b="2",le="3"', 'le'));
    expect(keyOfSeries('a{le="1",b="2"', 'le')).not.toBe(keyOfSeries('a{b="3",le="1"', 'le'));
  });
});
