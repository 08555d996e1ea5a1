import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf, parseAnswer, seriesInOpenMetrics, toSeriesMap } from '../../../test/support/reference-exposition.ts';
import { scan } from '../form/scan.ts';
import { ExtraLabels } from '../format/extra-labels.ts';
import type { FamilyType } from '../format/family.ts';
import { keepNames, type MergeOptions, type MergePlan, type Naming, planMerge } from './merge.ts';
import { writeOpenMetrics } from './write-open-metrics.ts';
import { writeText } from './write-text.ts';

const goShim = readFileSync(new URL('../../../test/fixtures/bodies/go-shim.metrics.txt', import.meta.url));

function plan(
  bodies: Readonly<Record<string, string | Buffer>>,
  { naming = keepNames, ...options }: MergeOptions & { naming?: Naming } = {},
): MergePlan {
  const sources = Object.entries(bodies).map(([id, body]) => ({
    id,
    scan: scan(Buffer.from(body)),
    labels: new ExtraLabels({ id }),
    naming,
  }));
  return planMerge(sources, options);
}

const text = (merged: MergePlan): string => Buffer.concat([...writeText(merged)]).toString();
const openMetrics = (merged: MergePlan): string => Buffer.concat([...writeOpenMetrics(merged)]).toString();

describe('writeText', () => {
  it('puts labels behind those of the sample', () => {
    expect(text(plan({ x: '# TYPE a gauge\na 1\na{b="1"} 2\nc{} 3 17\na{b="}",} 4\n' }))).toBe(
      '# TYPE a gauge\na{id="x"} 1\na{b="1",id="x"} 2\na{b="}",id="x"} 4\n# TYPE c untyped\nc{id="x"} 3 17\n',
    );
  });

  it('groups by family: families by name, sources in their order', () => {
    expect(text(plan({ x: '# HELP b B.\n# TYPE b gauge\nb 1\na 2\n', y: 'a 3\n# TYPE b gauge\nb 4\nc 5\n' }))).toBe(
      '# TYPE a untyped\na{id="x"} 2\na{id="y"} 3\n# HELP b B.\n# TYPE b gauge\nb{id="x"} 1\nb{id="y"} 4\n# TYPE c untyped\nc{id="y"} 5\n',
    );
  });

  it('adds a prefix to whole families, histograms too', () => {
    const naming: Naming = (name) => ({ kind: 'named', prefix: name.startsWith('go_') ? 'kata_' : '' });
    expect(
      text(plan({ x: '# TYPE go_h histogram\ngo_h_bucket{le="+Inf"} 1\ngo_h_count 1\ngopher 1\n' }, { naming })),
    ).toBe(
      '# TYPE gopher untyped\ngopher{id="x"} 1\n# TYPE kata_go_h histogram\nkata_go_h_bucket{le="+Inf",id="x"} 1\nkata_go_h_count{id="x"} 1\n',
    );
  });

  it('leaves out families that are not allowed, and says so', () => {
    const naming: Naming = (name) => (name === 'other' ? { kind: 'forbidden' } : { kind: 'named', prefix: '' });
    const merged = plan({ x: 'a 1\nother 3\n', y: 'other 4\n' }, { naming });
    expect(merged.refusals.map(({ source, family, reason }) => [source.id, family.name, reason])).toEqual([
      ['x', 'other', 'forbidden_family'],
      ['y', 'other', 'forbidden_family'],
    ]);
    expect(text(merged)).toBe('# TYPE a untyped\na{id="x"} 1\n');
  });

  it('keeps a family without samples as HELP and TYPE', () => {
    expect(text(plan({ x: '# HELP a A.\n# TYPE a histogram\n' }))).toBe('# HELP a A.\n# TYPE a histogram\n');
  });

  it.each<
    [title: string, bodies: Record<string, string>, known: FamilyType | undefined, type: string, refused: string[]]
  >([
    ['the one that all have', { x: 'counter', y: 'counter' }, undefined, 'counter', []],
    ['none, where they differ', { x: 'counter', y: 'gauge', z: 'gauge' }, undefined, 'untyped', []],
    ['the known one over all', { x: 'counter', y: 'counter' }, 'gauge', 'gauge', []],
    ['a scalar one, and refuses distributions', { x: 'gauge', y: 'summary', z: 'gauge' }, 'gauge', 'gauge', ['y']],
    ['a distribution, and refuses scalars', { x: 'gauge', y: 'summary' }, 'summary', 'summary', ['x']],
  ])('settles on one type: %s', (_, types, known, type, refused) => {
    const line = (type: string): string => (type === 'summary' ? 'a{quantile="0.5"} 1' : 'a 1');
    const bodies = Object.entries(types).map(([id, each]) => [id, `# TYPE a ${each}\n${line(each)}\n`]);
    const merged = plan(Object.fromEntries(bodies), { typeOf: () => known });
    expect(merged.refusals.map(({ source, reason }) => [source.id, reason])).toEqual(
      refused.map((id) => [id, 'conflicting_family']),
    );
    const kept = Object.keys(types).filter((id) => !refused.includes(id));
    expect(text(merged)).toBe(
      `# TYPE a ${type}\n${kept.map((id) => `a{${type === 'summary' ? 'quantile="0.5",' : ''}id="${id}"} 1\n`).join('')}`,
    );
  });

  it('escapes what labels hold', () => {
    const sources = [
      {
        id: 'x',
        scan: scan(Buffer.from('a 1\na{b="1"} 2\n')),
        labels: new ExtraLabels({ id: 'ö"\\\n$&' }),
        naming: keepNames,
      },
    ];
    expect(text(planMerge(sources))).toBe('# TYPE a untyped\na{id="ö\\"\\\\\\n$&"} 1\na{b="1",id="ö\\"\\\\\\n$&"} 2\n');
  });

  it('makes of many real bodies what a plain reader makes of them', () => {
    const ids = Array.from({ length: 20 }, (_, i) => `sandbox-${String(i).padStart(2, '0')}`);
    const naming: Naming = (name) => ({ kind: 'named', prefix: /^(go_|process_)/.test(name) ? 'kata_shim_' : '' });
    const response = parseAnswer(text(plan(Object.fromEntries(ids.map((id) => [id, goShim])), { naming })));
    const one = parseAnswer(goShim.toString());
    const expected = ids.flatMap((id) =>
      one.series.map(({ name, labels, value }) => {
        const sorted = [...labels, ['id', id] as const].sort(([a], [b]) => (a < b ? -1 : 1));
        return [
          keyOf({ name: /^(go_|process_)/.test(name) ? `kata_shim_${name}` : name, labels: sorted }),
          value,
        ] as const;
      }),
    );
    expect(toSeriesMap(response.series)).toEqual(new Map(expected));
  });

  it('returns chunks of limited size whose sum is the response', () => {
    const bodies = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`s${i}`, goShim]));
    const chunks = [...writeText(plan(bodies))];
    expect(chunks.length).toBeGreaterThan(2);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(256 * 1024);
    expect(() => parseAnswer(Buffer.concat(chunks).toString())).not.toThrow();
  });

  it('is read back as it was, whatever the names, labels and values', () => {
    const name = fc.stringMatching(/^[a-z_:][a-z0-9_:]{0,12}$/).filter((it) => !/_(?:bucket|count|sum)$/.test(it));
    const label = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/).filter((it) => it !== 'id');
    const labelValue = fc.string({ unit: 'grapheme', minLength: 1 }).filter((it) => !it.includes('\0'));
    const sample = fc.record({
      labels: fc.dictionary(label, labelValue, { maxKeys: 4 }),
      value: fc.double({ noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.dictionary(
          name,
          fc.uniqueArray(sample, {
            minLength: 1,
            maxLength: 6,
            selector: ({ labels }) => JSON.stringify(Object.entries(labels).sort()),
          }),
          { maxKeys: 6 },
        ),
        (families) => {
          const lines = Object.entries(families).flatMap(([family, samples]) =>
            samples.map(({ labels, value }) => {
              const escaped = Object.entries(labels).map(
                ([k, v]) => `${k}="${v.replaceAll(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`,
              );
              const number = Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
              return `${family}{${escaped.join(',')}} ${Object.is(value, -0) ? '-0' : number}\n`;
            }),
          );
          const { series } = parseAnswer(text(plan({ x: lines.join('') })));
          const expected = Object.entries(families).flatMap(([family, samples]) =>
            samples.map(({ labels, value }) => {
              const sorted = Object.entries({ ...labels, id: 'x' }).sort(([a], [b]) => (a < b ? -1 : 1));
              return [keyOf({ name: family, labels: sorted }), value] as const;
            }),
          );
          expect(toSeriesMap(series)).toEqual(new Map(expected));
        },
      ),
    );
  });
});

describe('writeOpenMetrics', () => {
  it('names counters without _total in TYPE and ends with EOF', () => {
    expect(openMetrics(plan({ x: '# HELP a_total A.\n# TYPE a_total counter\na_total 1\n' }))).toBe(
      '# TYPE a counter\n# HELP a A.\na_total{id="x"} 1\n# EOF\n',
    );
  });

  it.each([
    [
      'a counter without _total',
      '# TYPE scrape_count counter\nscrape_count 1\n',
      '# TYPE scrape_count unknown\nscrape_count{id="x"} 1\n',
    ],
    ['untyped', 'a 1\n', '# TYPE a unknown\na{id="x"} 1\n'],
    [
      'a counter whose short name is another gauge',
      '# TYPE a_bytes gauge\na_bytes 1\n# TYPE a_bytes_total counter\na_bytes_total 2\n',
      '# TYPE a_bytes gauge\na_bytes{id="x"} 1\n# TYPE a_bytes_total unknown\na_bytes_total{id="x"} 2\n',
    ],
    [
      'quotes in HELP',
      '# HELP a say "\\\\n" \\n.\n# TYPE a gauge\na 1\n',
      '# TYPE a gauge\n# HELP a say \\"\\\\n\\" \\n.\na{id="x"} 1\n',
    ],
    [
      'timestamps, in seconds',
      'a 1 1700000000123\na{b="1 2"} 2 5\n',
      '# TYPE a unknown\na{id="x"} 1 1700000000.123\na{b="1 2",id="x"} 2 0.005\n',
    ],
  ])('gives %s', (_, body, expected) => {
    expect(openMetrics(plan({ x: body }))).toBe(`${expected}# EOF\n`);
  });

  it('has the same series as text 0.0.4, but for sums of NaN and their counts', () => {
    const merged = plan({ x: goShim, y: goShim });
    const { series } = parseAnswer(text(merged));
    const expected = seriesInOpenMetrics(series);
    expect(series.length - expected.length).toBe(8);
    expect(toSeriesMap(parseAnswer(openMetrics(merged)).series)).toEqual(toSeriesMap(expected));
  });
});
