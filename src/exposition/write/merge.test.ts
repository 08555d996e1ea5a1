import { describe, expect, it } from 'vitest';
import { scan } from '../form/scan.ts';
import { noLabels } from '../format/extra-labels.ts';
import type { FamilyType } from '../format/family.ts';
import { countSamples } from '../scan/scanned-body.ts';
import { keepNames, type MergeOptions, type MergePlan, planMerge } from './merge.ts';

const histogram = '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n';
const summary = '# TYPE h summary\nh{quantile="0.5"} 1\nh_sum 1\nh_count 1\n';
const gauge = (name: string): string => `# TYPE ${name} gauge\n${name} 1\n`;

/** Plans a response from bodies, in the order of their ids. */
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

const countLines = ({ families }: MergePlan): number =>
  families
    .flatMap(({ parts }) => parts)
    .reduce((sum, { family, sources }) => sum + countSamples(family) * sources.length, 0);

const typeOf =
  (known: Readonly<Record<string, FamilyType>>) =>
  (name: string): FamilyType | undefined =>
    known[name];

describe('Names that clash with those of samples', () => {
  it.each(['_bucket', '_sum', '_count'])('split the histogram h beside a family h%s: no sample goes', (suffix) => {
    const planned = plan({ a: histogram, b: histogram, c: gauge(`h${suffix}`) });
    expect(describePlan(planned)).toEqual({
      families: ['h_bucket unknown', 'h_count unknown', 'h_sum unknown'],
      refused: [],
    });
    expect(countLines(planned)).toBe(7);
  });

  it('are no vote: a histogram of one source stays beside many of the other', () => {
    const planned = plan({ a: gauge('h_count'), b: gauge('h_count'), c: histogram, d: gauge('h_count') });
    expect(describePlan(planned)).toEqual({
      families: ['h_bucket unknown', 'h_count unknown', 'h_sum unknown'],
      refused: [],
    });
    expect(countLines(planned)).toBe(6);
  });

  it.each([
    ['the one that is known', { h_count: 'gauge' }, ['h_count gauge'], ['a: h', 'b: h']],
    ['the histogram, where that is the known one', { h: 'histogram' }, ['h histogram'], ['c: h_count']],
    ['the histogram, where both are', { h: 'histogram', h_count: 'gauge' }, ['h histogram'], ['c: h_count']],
  ] as const)('leave %s', (_name, known, families, refused) => {
    const planned = plan({ a: histogram, b: histogram, c: gauge('h_count') }, { typeOf: typeOf(known) });
    expect(describePlan(planned)).toEqual({ families, refused: refused.map((each) => `${each} conflicting_family`) });
  });

  it('are those of a summary too, but for _bucket', () => {
    expect(describePlan(plan({ a: summary, c: gauge('h_bucket') })).families).toEqual(['h summary', 'h_bucket gauge']);
    const planned = plan({ a: summary, b: summary, c: gauge('h_bucket') + gauge('h_count') + gauge('h_sum') });
    expect(describePlan(planned)).toEqual({
      families: ['h unknown', 'h_bucket gauge', 'h_count unknown', 'h_sum unknown'],
      refused: [],
    });
    expect(countLines(planned)).toBe(9);
  });

  it('are followed from one distribution to the next', () => {
    const ofSum = '# TYPE h_sum histogram\nh_sum_bucket{le="+Inf"} 1\nh_sum_sum 1\nh_sum_count 1\n';
    const planned = plan({ a: histogram, b: ofSum, c: gauge('h_sum_sum') });
    expect(describePlan(planned)).toEqual({
      families: ['h_bucket', 'h_count', 'h_sum', 'h_sum_bucket', 'h_sum_count', 'h_sum_sum'].map(
        (name) => `${name} unknown`,
      ),
      refused: [],
    });
    expect(countLines(planned)).toBe(7);
  });

  it.each([
    ['of a gauge', gauge('h') + gauge('h_count')],
    ['that only begin alike', histogram + gauge('h_counter') + gauge('h_count_2')],
  ])('are none %s', (_name, body) => {
    expect(plan({ a: body }).refusals).toEqual([]);
  });

  it('cost the body that uses both what may be the same series', () => {
    // Before the histogram is known, h_bucket{…} is a sample of the gauge.
    const planned = plan({ a: `${gauge('h_count')}${histogram}` });
    expect(describePlan(planned)).toEqual({
      families: ['h_bucket unknown', 'h_count gauge', 'h_sum unknown'],
      refused: ['a: h_count conflicting_family'],
    });
    expect(countLines(planned)).toBe(3);
  });

  it('cost a body without TYPE lines its samples', () => {
    const planned = plan({ a: histogram, b: histogram.replace(/.*\n/, '') });
    expect(describePlan(planned)).toEqual({
      families: ['h histogram'],
      refused: ['b: h_bucket', 'b: h_count', 'b: h_sum'].map((each) => `${each} conflicting_family`),
    });
  });

  it('cost nothing where a family has no samples', () => {
    const planned = plan({ a: histogram, b: '# TYPE h_count gauge\n' });
    expect(describePlan(planned)).toEqual({ families: ['h histogram'], refused: ['b: h_count conflicting_family'] });
  });
});

describe('The type of a family', () => {
  const untyped = '# TYPE x untyped\nx 1\n';
  const counter = '# TYPE x counter\nx 1\n';
  it.each([
    ['what the catalog knows', { a: gauge('x'), b: gauge('x') }, { x: 'counter' }, 'x counter', []],
    ['no vote: untyped, where scalar types differ', { a: gauge('x'), b: counter, c: gauge('x') }, {}, 'x unknown', []],
    ['untyped, where one says so', { a: gauge('x'), b: untyped }, {}, 'x unknown', []],
    ['what is said at all', { a: 'x 1\n', b: 'x 1\n', c: gauge('x') }, {}, 'x gauge', []],
    ['what bodies with samples say', { a: '# TYPE x counter\n', b: gauge('x') }, {}, 'x gauge', []],
    ['what is said, where there are no samples', { a: '# TYPE x counter\n', b: '' }, {}, 'x counter', []],
    [
      'what is stated: a body without TYPE lines is no reason to split',
      { a: histogram, b: 'h 1\n' },
      {},
      'h histogram',
      ['b: h'],
    ],
    ['what the catalog knows, and others go', { a: gauge('h'), c: histogram }, { h: 'gauge' }, 'h gauge', ['c: h']],
  ] as const)('is %s', (_name, bodies, known, family, refused) => {
    expect(describePlan(plan(bodies, { typeOf: typeOf(known) }))).toEqual({
      families: [family],
      refused: refused.map((each) => `${each} conflicting_family`),
    });
  });

  it.each([
    [
      'a histogram and gauges',
      { a: gauge('h'), b: gauge('h'), c: histogram },
      ['h gauge', 'h_bucket', 'h_count', 'h_sum'],
      5,
    ],
    ['a summary and gauges', { a: gauge('h'), c: summary }, ['h unknown', 'h_count', 'h_sum'], 4],
    ['a histogram and a summary', { a: histogram, b: summary }, ['h unknown', 'h_bucket', 'h_count', 'h_sum'], 6],
  ] as const)('costs no sample of %s that are called alike', (_name, bodies, families, lines) => {
    const planned = plan(bodies);
    expect(describePlan(planned)).toEqual({
      families: families.map((each) => (each.includes(' ') ? each : `${each} unknown`)),
      refused: [],
    });
    expect(countLines(planned)).toBe(lines);
  });
});
