import { expect, it } from 'vitest';
import { encodeText } from '../../exposition/index.ts';
import { nameIn } from './exporter-metrics.ts';

const start = 'a'.repeat(59);

// Half of a character is the same bytes for every character.
it('names of an annotation that are one label value are one name', () => {
  const names = ['😀', '𐀀', 'b😀'].map((end) => nameIn(`${start}${end}${'c'.repeat(70)}=9100`));
  const samples = [...new Set(names)].map((exporter) => ({ labels: { exporter }, value: 1 }));
  const lines = encodeText([{ name: 'x', type: 'gauge', help: 'X.', samples }])
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('x{'));
  expect(lines).toHaveLength(2);
  expect(new Set(lines).size).toBe(2);
});

it.each([
  ['node', 'node'],
  ['node=9100', 'node'],
  ['=9100', ''],
  ['a'.repeat(63), 'a'.repeat(63)],
  ['a'.repeat(64), `${'a'.repeat(60)}...`],
])('%j is of %j', (item, name) => {
  expect(nameIn(item)).toBe(name);
});
