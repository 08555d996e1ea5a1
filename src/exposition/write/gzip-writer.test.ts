import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scan } from '../form/scan.ts';
import { ExtraLabels, noLabels } from '../format/extra-labels.ts';
import { GzipWriter } from './gzip-writer.ts';
import { keepNames, type MergePlan, type MergeSource, type Naming, planMerge } from './merge.ts';
import { writeOpenMetrics, writeOpenMetricsTo } from './write-open-metrics.ts';
import { writeText, writeTextTo } from './write-text.ts';

const goShim = readFileSync(new URL('../../../test/fixtures/bodies/go-shim.metrics.txt', import.meta.url), 'latin1');

const idOf = (i: number): string =>
  Buffer.from(`sandbox ${i * 7919}`)
    .toString('hex')
    .padEnd(64, 'f');

function toSource(body: string, i: number, naming: Naming = keepNames): MergeSource {
  const labels = new ExtraLabels({ sandbox_id: idOf(i), cri_name: `name-${i}-x2x7q`, cri_namespace: `n${i % 3}` });
  return { id: idOf(i), scan: scan(Buffer.from(body)), labels, naming };
}

const allNoise = Array.from({ length: 40_000 }, (_, i) =>
  ((Math.imul(i + 1, 2654435761) >>> 12) % 36).toString(36),
).join('');

/** Text without repetitions. */
const noise = (length: number): string => allNoise.slice(0, length);

const labels = (count: number, length: number): string =>
  Array.from({ length: count }, (_, i) => `l${i}="${noise(length)}"`).join(',');

/** Sources with the same body as one form, as those of the monitor. */
function sameForm(body: string, count: number): MergeSource[] {
  const first = toSource(body, 0);
  return Array.from({ length: count }, (_, i) => {
    const { form } = first.scan;
    const own = scan(Buffer.from(body.replace(/ ([0-9]+)$/gm, (_, digits) => ` ${Number(digits) + (i % 4)}`)));
    return { ...toSource('', i), scan: { ...own, form, values: own.values } };
  });
}

function expectSame(plan: MergePlan): { readonly ours: number; readonly zlib: number } {
  const text = Buffer.concat([...writeText(plan)]);
  const ours = Buffer.concat([...writeTextTo(new GzipWriter(), plan)]);
  expect(gunzipSync(ours).equals(text)).toBe(true);
  const openMetrics = Buffer.concat([...writeOpenMetrics(plan)]);
  expect(gunzipSync(Buffer.concat([...writeOpenMetricsTo(new GzipWriter(), plan)])).equals(openMetrics)).toBe(true);
  return { ours: ours.length, zlib: gzipSync(text, { level: 3 }).length };
}

describe('a response as gzip', () => {
  it('is what writeText writes, for no family at all', () => {
    expectSame(planMerge([]));
  });

  it('is what writeText writes, for bodies of a Go shim, and not much longer than what zlib makes of it', () => {
    const naming: Naming = (name) => ({ kind: 'named', prefix: /^(go_|process_)/.test(name) ? 'kata_shim_' : '' });
    const { ours, zlib } = expectSame(planMerge(Array.from({ length: 60 }, (_, i) => toSource(goShim, i, naming))));
    expect(ours).toBeLessThan(1.15 * zlib);
  });

  it('is what writeText writes where the lines of the last sandbox are too far away', () => {
    const body = Array.from({ length: 300 }, (_, i) => `a{item="number-${i * 37}"} ${i % 7}\n`).join('');
    expectSame(planMerge(sameForm(`${body}b 1\nc 0\n`, 200)));
  });

  it.each<[title: string, bodies: string[]]>([
    ['families with one line', ['a 1\nb 2\nc 3\n', 'a 1\nb 2\nc 4\n', 'a 1\nb 3\n', 'b 3\nc 4\n']],
    ['names and values of one byte', ['a 1\n', 'a 1\n', 'a 1\n', 'a 2\n', 'a 2\n']],
    [
      'lines that others do not have',
      ['a{b="1"} 1\na{b="2"} 1\n', 'a{b="2"} 1\n', 'a{b="1"} 1\na{b="3"} 2\n', 'a{b="2"} 1\n'],
    ],
    ['lines in another order', ['a{b="1"} 1\na{b="2"} 2\n', 'a{b="2"} 2\na{b="1"} 1\n', 'a{b="1"} 1\na{b="2"} 2\n']],
    ['families in turns', ['a 1\nb 2\na{c="1"} 3\n', 'a 1\nb 2\na{c="1"} 3\n']],
    [
      'lines whose labels are longer than what can be copied over',
      [
        `a{${labels(14, 0)},z="suffix"} 1\na{${labels(14, 4096)},z="suffix"} 2\n`,
        `a{${labels(14, 4096)},z="suffix"} 1\na{${labels(14, 0)},z="suffix"} 2\n`,
        `a{${labels(14, 3000)},z="suffix"} 1\na{${labels(15, 2500)},z="suffix"} 2\n`,
      ],
    ],
    [
      'one long label among equal ones',
      [0, 30_000, 40_000, 0].map((length) => `a{b="${noise(length)}",z="suffix"} 1\n`),
    ],
    ['timestamps', ['a 1 1700000000123\na{b="1"} 2\n', 'a 1 1700000000123\na{b="1"} 2\n']],
    ['lines that end with the body', ['a 1\nb 2', 'a 1\nb 2', 'a 3\nb 2']],
    [
      'histograms',
      ['# TYPE h histogram\nh_bucket{le="1"} 0\nh_bucket{le="+Inf"} 0\nh_sum 0\nh_count 0\n'].flatMap((it) => [
        it,
        it,
        it,
      ]),
    ],
  ])('is what writeText writes, for %s', (_, bodies) => {
    expectSame(planMerge(bodies.map((body, i) => toSource(body, i))));
  });

  it('is what writeText writes, for any lines of any sources', () => {
    const line = fc.record({
      name: fc.constantFrom('a', 'ab', 'abc_total', 'kata_guest_load'),
      label: fc.option(fc.constantFrom('', 'x', 'xyz', '0123456789', 'é"\\'), { nil: undefined }),
      value: fc.constantFrom('0', '1', '12', '1.5e+06', '123456789', 'NaN'),
    });
    const body = fc.array(line, { maxLength: 12 }).map((lines) => {
      const text = ({ name, label, value }: (typeof lines)[number]): string =>
        `${name}${label === undefined ? '' : `{l="${label.replaceAll(/["\\]/g, '\\$&')}"}`} ${value}\n`;
      return lines.map(text).join('');
    });
    const prefixOf: Naming = (name) => ({ kind: 'named', prefix: name === 'ab' ? 'kata_' : '' });
    const source = fc.record({ body, naming: fc.constantFrom(keepNames, prefixOf), id: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(source, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (drawn, times) => {
        const sources = drawn.map(({ body, naming, id }) => toSource(body, id, naming));
        expectSame(planMerge(Array.from({ length: times }, () => sources).flat()));
      }),
      { numRuns: 200 },
    );
  });

  it('is what writeText writes, for labels of any length', () => {
    const length = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 40_000 }));
    const line = fc.array(length, { minLength: 3, maxLength: 3 });
    const body = fc
      .array(line, { minLength: 1, maxLength: 4 })
      .map((lines) =>
        lines
          .map((lengths, i) => `abc{i="${i}",${lengths.map((each, j) => `l${j}="${noise(each)}"`).join(',')}} 1\n`)
          .join(''),
      );
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 4 }), (bodies) => {
        expectSame(planMerge(bodies.map((each, i) => toSource(each, i))));
      }),
      { numRuns: 30 },
    );
  });

  it('marks pauses, however well the text can be compressed', () => {
    const body = Array.from({ length: 2000 }, (_, i) => `a{b="${i}"} 0\n`).join('');
    const chunks = [...writeTextTo(new GzipWriter(), planMerge(sameForm(body, 40)))];
    expect(chunks.filter(({ length }) => length === 0).length).toBeGreaterThan(20);
  });
});

describe('GzipWriter', () => {
  const write = (writer: GzipWriter, prefix: string, line: string): void => {
    writer.lines(scan(Buffer.from(line)), 0, 1, Buffer.from(prefix), noLabels);
  };

  it('writes lines without a head, and with another prefix each', () => {
    const writer = new GzipWriter();
    for (const prefix of ['', 'kata_', '', 'ka', 'kata_shim_']) {
      write(writer, prefix, 'abcdefgh 1\n');
    }
    expect(gunzipSync(Buffer.concat(writer.takeAll())).toString()).toBe(
      'abcdefgh 1\nkata_abcdefgh 1\nabcdefgh 1\nkaabcdefgh 1\nkata_shim_abcdefgh 1\n',
    );
  });

  it('writes text between the lines of a family', () => {
    const writer = new GzipWriter();
    const prefix = Buffer.alloc(0);
    for (let i = 0; i < 5; i++) {
      writer.lines(scan(Buffer.from('abc{d="e"} 1\nabc{d="f"} 1\n')), 0, 2, prefix, noLabels);
      writer.latin1('other text\n');
    }
    expect(gunzipSync(Buffer.concat(writer.takeAll())).toString()).toBe(
      'abc{d="e"} 1\nabc{d="f"} 1\nother text\n'.repeat(5),
    );
  });

  it('refuses text that is not whole lines', () => {
    expect(() => new GzipWriter().latin1('# TYPE a gauge')).toThrow(
      new RangeError('Text must end with a line feed, got "# TYPE a gauge"'),
    );
  });

  it.each([0, 1000])('writes the same when positions are known up to %d', (maxKnownAt) => {
    const writer = new GzipWriter({ maxKnownAt });
    const { labels, scan: scanned } = toSource('abcdefgh{i="j"} 1\nabcdefgh{i="k"} 1\n', 1);
    const prefix = Buffer.alloc(0);
    for (let i = 0; i < 50; i++) {
      writer.lines(scanned, 0, 2, prefix, labels);
    }
    const line = (value: string): string => `abcdefgh{i="${value}",${labels.afterLabels.toString().slice(1)}1\n`;
    expect(gunzipSync(Buffer.concat(writer.takeAll())).toString()).toBe((line('j') + line('k')).repeat(50));
  });
});
