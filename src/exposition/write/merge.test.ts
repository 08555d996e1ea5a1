import { describe, expect, it } from 'vitest';
import { scan } from '../form/scan.ts';
import { noLabels } from '../format/extra-labels.ts';
import type { FamilyType } from '../format/family.ts';
import { keepNames, type MergeOptions, type MergePlan, planMerge } from './merge.ts';

const histogram = '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n';
const summary = '# TYPE h summary\nh{quantile="0.5"} 1\nh_sum 1\nh_count 1\n';
const gauge = (name: string): string => `# TYPE ${name} gauge\n${name} 1\n`;

/** Plans an answer from bodies, in the order of their ids. */
function plan(bodies: Readonly<Record<string, string>>, options: MergeOptions = {}): MergePlan {
  const sources = Object.entries(bodies).map(([id, body]) => ({
    id,
    scan: scan(Buffer.from(body)),
    labels: noLabels,
    naming: keepNames,
  }));
  return planMerge(sources, options);
}

function describePlan({ families, refusals }: MergePlan): { families: string[]; refused: string[] } {
  return {
    families: families.map(({ name, type }) => `${name} ${type}`),
    refused: refusals.map(({ source, family, reason }) => `${source.id}: ${family.name} ${reason}`),
  };
}

const typeOf =
  (known: Readonly<Record<string, FamilyType>>) =>
  (name: string): FamilyType | undefined =>
    known[name];

describe('Names that clash with those of samples', () => {
  it.each(['_bucket', '_sum', '_count'])(
    'cost the family h%s beside the histogram h, which more sources have',
    (suffix) => {
      expect(describePlan(plan({ a: histogram, b: histogram, c: gauge(`h${suffix}`) }))).toEqual({
        families: ['h histogram'],
        refused: [`c: h${suffix} conflicting_family`],
      });
    },
  );

  it('cost the histogram where more sources have the other', () => {
    expect(describePlan(plan({ a: histogram, b: gauge('h_count'), c: gauge('h_count') }))).toEqual({
      families: ['h_count gauge'],
      refused: ['a: h conflicting_family'],
    });
  });

  it('cost every source of the family that goes, and the other one of equals', () => {
    const both = plan({ a: histogram, b: histogram, c: gauge('h_sum'), d: gauge('h_sum') });
    expect(describePlan(both)).toEqual({
      families: ['h histogram'],
      refused: ['c: h_sum conflicting_family', 'd: h_sum conflicting_family'],
    });
  });

  it.each([
    ['the one that is known, though fewer have it', { h_count: 'gauge' }, ['h_count gauge'], ['a: h', 'b: h']],
    ['the histogram, where that is the known one', { h: 'histogram' }, ['h histogram'], ['c: h_count']],
    ['the histogram, where both are', { h: 'histogram', h_count: 'gauge' }, ['h histogram'], ['c: h_count']],
  ] as const)('leave %s', (_name, known, families, refused) => {
    const planned = plan({ a: histogram, b: histogram, c: gauge('h_count') }, { typeOf: typeOf(known) });
    expect(describePlan(planned)).toEqual({ families, refused: refused.map((each) => `${each} conflicting_family`) });
  });

  it('are those of a summary too, but for _bucket', () => {
    const others = gauge('h_bucket') + gauge('h_count') + gauge('h_sum');
    expect(describePlan(plan({ a: summary, b: summary, c: others }))).toEqual({
      families: ['h summary', 'h_bucket gauge'],
      refused: ['c: h_sum conflicting_family', 'c: h_count conflicting_family'].sort(),
    });
  });

  it.each([
    ['of a gauge', gauge('h') + gauge('h_count')],
    ['that only begin alike', histogram + gauge('h_counter') + gauge('h_count_2')],
  ])('are none %s', (_name, body) => {
    expect(plan({ a: body }).refusals).toEqual([]);
  });

  it('are found in one body as between two', () => {
    // Before the histogram is known, h_bucket{…} is a sample of the gauge.
    const { families, refused } = describePlan(plan({ a: `${gauge('h_count')}${histogram}` }));
    expect(families).toHaveLength(1);
    expect(refused).toHaveLength(1);
  });
});

describe('The type of a family', () => {
  it.each([
    ['what the catalog knows', { a: gauge('x'), b: gauge('x') }, { x: 'counter' }, 'x counter', []],
    ['what most say', { a: gauge('x'), b: '# TYPE x counter\nx 1\n', c: gauge('x') }, {}, 'x gauge', []],
    ['what is said at all', { a: 'x 1\n', b: 'x 1\n', c: gauge('x') }, {}, 'x gauge', []],
    ['what is said first, of equals', { a: '# TYPE x counter\nx 1\n', b: gauge('x') }, {}, 'x counter', []],
    ['what most say, and others go', { a: gauge('h'), b: gauge('h'), c: histogram }, {}, 'h gauge', ['c: h']],
  ] as const)('is %s', (_name, bodies, known, family, refused) => {
    expect(describePlan(plan(bodies, { typeOf: typeOf(known) }))).toEqual({
      families: [family],
      refused: refused.map((each) => `${each} conflicting_family`),
    });
  });
});
