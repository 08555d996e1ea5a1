import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeText } from './encode-text.ts';
import type { MetricFamily, Sample, SampleSuffix } from './family.ts';
import { TextTemplate } from './text-template.ts';

const word = fc.constantFrom('a', 'b', 'é', '☃', 'a"b', '\\', '\n', '');
const labels = fc.oneof(
  fc.constantFrom<Record<string, string>>({}, { item: 'x' }, { item: 'y' }),
  fc.dictionary(fc.constantFrom('item', 'cpu', 'le'), word, { maxKeys: 2 }),
);
const value: fc.Arbitrary<Sample['value']> = fc.oneof(
  fc.double(),
  fc.bigInt({ min: 0n, max: 2n ** 64n }),
  fc.nat().map(String),
  fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);
const sample = fc.record(
  { suffix: fc.constantFrom<SampleSuffix>('', '_sum', '_count'), labels, value },
  { requiredKeys: ['labels', 'value'] },
);
const family: fc.Arbitrary<MetricFamily> = fc.record({
  name: fc.constantFrom('kata_a', 'kata_b'),
  type: fc.constantFrom('gauge', 'counter', 'unknown'),
  help: fc.constantFrom('One.', 'A\\b\nc.', 'Text with é.'),
  samples: fc.array(sample, { maxLength: 4 }),
});

describe('TextTemplate', () => {
  it('prints what encodeText prints, whatever it printed before', () => {
    let same = 0;
    let runs = 0;
    fc.assert(
      fc.property(fc.array(fc.array(family, { maxLength: 4 }), { maxLength: 3 }), fc.array(value), (texts, values) => {
        const template = new TextTemplate();
        for (const families of texts) {
          expect(template.encode(families).toString()).toBe(encodeText(families).toString());
          // The same series with other values, and with other objects for labels.
          const changed = families.map((each) => ({
            ...each,
            samples: each.samples.map((one, i) => ({
              ...one,
              labels: { ...one.labels },
              value: values[i] ?? one.value,
            })),
          }));
          same += Buffer.from(template.encode(changed)).equals(encodeText(families)) ? 1 : 0;
          runs++;
          expect(template.encode(changed).toString()).toBe(encodeText(changed).toString());
        }
      }),
      { numRuns: 300 },
    );
    expect(same).toBeLessThan(runs);
  });

  it.each<[what: string, change: Partial<MetricFamily>]>([
    ['name', { name: 'kata_b' }],
    ['type', { type: 'counter' }],
    ['HELP', { help: 'Other.' }],
    ['suffix', { samples: [{ suffix: '_sum', labels: { item: 'x' }, value: 1 }] }],
    ['label value', { samples: [{ labels: { item: 'y' }, value: 1 }] }],
    ['label name', { samples: [{ labels: { cpu: 'x' }, value: 1 }] }],
    ['order of labels', { samples: [{ labels: { b: '1', a: '2' }, value: 1 }] }],
    ['number of samples', { samples: [] }],
  ])('notices another %s', (_, change) => {
    const base: MetricFamily = {
      name: 'kata_a',
      type: 'gauge',
      help: 'One.',
      samples: [
        {
          labels: 'samples' in change && change.samples?.[0]?.labels['b'] ? { a: '2', b: '1' } : { item: 'x' },
          value: 1,
        },
      ],
    };
    const template = new TextTemplate();
    template.encode([base]);
    expect(template.encode([{ ...base, ...change }]).toString()).toBe(encodeText([{ ...base, ...change }]).toString());
  });
});
