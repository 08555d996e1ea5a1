import { describe, expect, it } from 'vitest';
import { readFamilies, readSample, type TextFamily } from './text-families.ts';

describe('readSample', () => {
  it.each([
    ['a 1', 'a', {}, 1],
    ['a{} 1', 'a', undefined, undefined],
    ['a{b="c"} 2.5e3', 'a', { b: 'c' }, 2500],
    ['a{b="",c="d, e=\\"f\\"} 7"} 8', 'a', { b: '', c: 'd, e="f"} 7' }, 8],
    ['a{b="x\\\\n\\ny"} NaN', 'a', { b: 'x\\n\ny' }, Number.NaN],
    ['a{__proto__="p",le="+Inf"} +Inf', 'a', { ['__proto__']: 'p', le: '+Inf' }, Number.POSITIVE_INFINITY],
    ['a -Inf', 'a', {}, Number.NEGATIVE_INFINITY],
  ])('%s', (line, name, labels, value) => {
    if (labels === undefined) {
      expect(() => readSample(line)).toThrow('Cannot read the labels');
      return;
    }
    const sample = readSample(line);
    expect([sample.name, [...sample.labels], sample.value]).toEqual([name, Object.entries(labels), value]);
  });
});

const text = `# HELP a First\\nline
# TYPE a counter
a{x="ü"} 1
a{x="2"} 2
# TYPE h histogram
h_bucket{le="+Inf"} 3
h_sum 4
h_count 3
loose 5
# HELP z Last
# TYPE z gauge
z 6
`;

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    yield bytes.subarray(at, at + size);
  }
}

describe('readFamilies', () => {
  it.each([1, 7, 1000])('reads chunks of %i bytes', async (size) => {
    const families: TextFamily[] = [];
    for await (const family of readFamilies(chunksOf(Buffer.from(text), size))) {
      families.push(family);
    }
    expect(families.map(({ name, type, help, samples }) => [name, type, help, samples.length])).toEqual([
      ['a', 'counter', 'First\nline', 2],
      ['h', 'histogram', '', 3],
      ['loose', 'untyped', '', 1],
      ['z', 'gauge', 'Last', 1],
    ]);
    expect(families[0]!.samples[0]!.labels.get('x')).toBe('ü');
  });
});
