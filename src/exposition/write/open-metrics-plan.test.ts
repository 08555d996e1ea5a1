import { describe, expect, it } from 'vitest';
import { scan } from '../form/scan.ts';
import { noLabels } from '../format/extra-labels.ts';
import type { FamilyType } from '../format/family.ts';
import { countSamples } from '../scan/scanned-body.ts';
import { keepNames, type MergePlan, planMerge } from './merge.ts';
import { fitOpenMetrics } from './open-metrics-plan.ts';
import { writeOpenMetrics } from './write-open-metrics.ts';
import { writeText } from './write-text.ts';

const typesInCatalog: Readonly<Record<string, FamilyType>> = { known: 'histogram', known_created: 'gauge' };

function planOf(...bodies: string[]): MergePlan {
  const sources = bodies.map((body, i) => ({
    id: `${i}`,
    scan: scan(Buffer.from(body)),
    labels: noLabels,
    naming: keepNames,
  }));
  return planMerge(sources, { typeOf: (name) => (name === 'known' ? typesInCatalog[name] : undefined) });
}

function adapt(plan: MergePlan): MergePlan {
  const steps = fitOpenMetrics(plan);
  let step = steps.next();
  while (!step.done) {
    step = steps.next();
  }
  return step.value;
}

const histogram = (name: string, ...lines: string[]): string =>
  `# TYPE ${name} histogram\n${lines.map((line) => `${name}_${line}\n`).join('')}`;
const whole = ['bucket{le="1"} 1', 'bucket{le="+Inf"} 2', 'sum 3', 'count 2'] as const;
const buckets = histogram('h', 'bucket{le="1"} 1', 'bucket{le="+Inf"} 2');

describe('fitOpenMetrics', () => {
  it.each<[title: string, body: string, expected: string, left: number]>([
    ['a histogram as it should be', histogram('h', ...whole), histogram('h', ...whole), 0],
    [
      'buckets in the order of their bounds',
      histogram('h', 'count 2', 'bucket{le="+Inf"} 2', 'sum 3', 'bucket{le="1"} 1'),
      histogram('h', ...whole),
      0,
    ],
    [
      'histograms one after the other',
      histogram(
        'h',
        'bucket{a="1",le="+Inf"} 2',
        'bucket{a="2",le="+Inf"} 3',
        'sum{a="1"} 1',
        'sum{a="2"} 1',
        'count{a="1"} 2',
        'count{a="2"} 3',
      ),
      histogram(
        'h',
        'bucket{a="1",le="+Inf"} 2',
        'sum{a="1"} 1',
        'count{a="1"} 2',
        'bucket{a="2",le="+Inf"} 3',
        'sum{a="2"} 1',
        'count{a="2"} 3',
      ),
      0,
    ],
    ['no count without a sum', histogram('h', ...whole.filter((line) => !line.startsWith('sum'))), buckets, 1],
    ['neither beside a sum of NaN', histogram('h', whole[0], whole[1], 'sum NaN', 'count 2'), buckets, 2],
    ['neither beside a negative sum', histogram('h', whole[0], whole[1], 'sum -1', 'count 2'), buckets, 2],
    [
      'neither beside a count that is not the +Inf bucket',
      histogram('h', whole[0], whole[1], 'sum 3', 'count 3'),
      buckets,
      2,
    ],
    [
      'neither beside a count that differs beyond the digits of a double',
      histogram('h', 'bucket{le="+Inf"} 9007199254740993', 'sum 3', 'count 9007199254740992'),
      histogram('h', 'bucket{le="+Inf"} 9007199254740993'),
      2,
    ],
    [
      'neither beside a negative bound',
      histogram('h', 'bucket{le="-1"} 0', 'bucket{le="+Inf"} 2', 'sum 3', 'count 2'),
      histogram('h', 'bucket{le="-1"} 0', 'bucket{le="+Inf"} 2'),
      2,
    ],
    ['no histogram of parts', histogram('h', 'bucket{le="+Inf"} 1.5', 'sum 3', 'count 1.5'), histogram('h'), 3],
    ['no infinite histogram', histogram('h', 'bucket{le="+Inf"} +Inf', 'sum 3', 'count +Inf'), histogram('h'), 3],
    [
      'no histogram that falls beyond the digits of a double',
      histogram('h', 'bucket{le="1"} 9007199254740993', 'bucket{le="+Inf"} 9007199254740992', 'count 1'),
      histogram('h'),
      3,
    ],
    [
      'counters that are numbers and not negative',
      '# TYPE c_total counter\nc_total{a="1"} 1\nc_total{a="2"} NaN\nc_total{a="3"} -1\nc_total{a="4"} +Inf\n',
      '# TYPE c counter\nc_total{a="1"} 1\nc_total{a="4"} +Inf\n',
      2,
    ],
    ['NaN under another type', '# TYPE c counter\nc NaN\n', '# TYPE c unknown\nc NaN\n', 0],
    [
      'quantiles from 0 to 1 that are not negative, one summary after the other',
      '# TYPE s summary\ns{quantile="0.5",a="1"} NaN\ns{quantile="0.5",a="2"} 1\ns{quantile="2",a="1"} 1\ns{quantile="1",a="1"} -1\ns_sum{a="2"} NaN\ns_count{a="1"} 1\ns_count{a="2"} 1.5\n',
      '# TYPE s summary\ns{quantile="0.5",a="1"} NaN\ns_count{a="1"} 1\ns{quantile="0.5",a="2"} 1\n',
      4,
    ],
    [
      'no counter whose short name or `_created` another family has',
      '# TYPE a gauge\na 1\n# TYPE a_total counter\na_total 1\n# TYPE b_created gauge\nb_created 1\n# TYPE b_total counter\nb_total 1\n',
      '# TYPE a gauge\na 1\n# TYPE a_total unknown\na_total 1\n# TYPE b_created gauge\nb_created 1\n# TYPE b_total unknown\nb_total 1\n',
      0,
    ],
    [
      'the samples of a histogram beside its `_created`',
      `${histogram('h', ...whole)}# TYPE h_created gauge\nh_created 1\n`,
      '# TYPE h_bucket unknown\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\n# TYPE h_count unknown\nh_count 2\n# TYPE h_created gauge\nh_created 1\n# TYPE h_sum unknown\nh_sum 3\n',
      0,
    ],
    [
      'a histogram of the catalog, and not what is called as its `_created`',
      `${histogram('known', ...whole)}# TYPE known_created gauge\nknown_created 1\n`,
      histogram('known', ...whole),
      1,
    ],
    [
      'no counter beside the `_created` of a histogram',
      `${buckets.replace('histogram', 'summary').split('\n')[0]}\n# TYPE h_created_total counter\nh_created_total 1\n`,
      '# TYPE h summary\n# TYPE h_created_total unknown\nh_created_total 1\n',
      0,
    ],
    [
      'times as Prometheus cuts them',
      'a 1 1700000000122\na{b="1"} 1 5\n',
      '# TYPE a unknown\na 1 1700000000.122\na{b="1"} 1 0.005\n',
      0,
    ],
  ])('gives %s', (_, body, expected, left) => {
    const plan = planOf(body);
    const fitted = adapt(plan);
    expect(Buffer.concat([...writeOpenMetrics(plan)]).toString()).toBe(`${expected}# EOF\n`);
    const reasons = new Set(fitted.refusals.map(({ reason }) => reason));
    expect([...reasons]).toEqual(left === 0 ? [] : ['not_in_openmetrics']);
    expect(fitted.refusals.reduce((sum, { family }) => sum + countSamples(family), 0)).toBe(left);
    expect(adapt(fitted).refusals).toEqual(fitted.refusals);
  });

  it('leaves what other forms have', () => {
    const body = histogram('h', 'bucket{le="+Inf"} 1.5', 'sum NaN', 'count 2');
    const plan = planOf(body);
    adapt(plan);
    expect(Buffer.concat([...writeText(plan)]).toString()).toBe(body);
  });

  it('looks at the values of each source', () => {
    const good = histogram('h', ...whole);
    const bad = good.replace('_sum 3', '_sum NaN');
    const first = scan(Buffer.from(good));
    const scans = [first, ...[good, bad, good].map((body) => scan(Buffer.from(body), { form: first.form }))];
    const plan = planMerge(scans.map((each, i) => ({ id: `${i}`, scan: each, labels: noLabels, naming: keepNames })));
    expect(plan.families[0]!.parts).toHaveLength(1);
    const { families, refusals } = adapt(plan);
    expect(families[0]!.parts.map(({ sources }) => sources.map(({ id }) => id))).toEqual([['0', '1'], ['2'], ['3']]);
    expect(refusals.map(({ source }) => source.id)).toEqual(['2']);
  });

  it('gives every millisecond to a reader that multiplies and cuts', () => {
    for (let ms = 1_700_000_000_000; ms < 1_700_000_002_000; ms += 1) {
      const text = Buffer.concat([...writeOpenMetrics(planOf(`a 1 ${ms}\n`))]).toString();
      const seconds = /^a 1 (\S+)$/m.exec(text)![1]!;
      expect(Math.trunc(Number(seconds) * 1000)).toBe(ms);
    }
  });
});
