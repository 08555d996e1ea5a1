/**
 * What is taken over from a form is what would have been found without it: bodies that keep the series of a template and
 * change the values, or a little more, give the same scan and the same bytes in every form of exposition. How often each
 * path was taken is counted: a generator that missed one would prove nothing.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ExtraLabels } from '../format/extra-labels.ts';
import { runToEnd } from '../format/steps.ts';
import { lineText, type Scan, type ScannedFamily } from '../scan/scanned-body.ts';
import { ChunkPool } from '../write/chunk-pool.ts';
import { keepNames, planMerge } from '../write/merge.ts';
import { fitOpenMetrics } from '../write/open-metrics-plan.ts';
import { writeOpenMetrics } from '../write/write-open-metrics.ts';
import { writeProtobuf } from '../write/write-protobuf.ts';
import { writeText } from '../write/write-text.ts';
import { type ScanPaths, scan } from './scan.ts';
import { ValueSlabs } from './value-slabs.ts';

/** Shrinking a failure would take minutes: the seed that is printed tells enough. */
const RUNS = 600;
const paths = { matchedBodies: 0, matchedLines: 0, scannedLines: 0, runs: 0, changedBytes: 0 };

/** A line of a template: HELP and TYPE, or a series whose value is another each time. */
type TemplateLine = { readonly comment: string } | { readonly series: string };

const word = fc.stringMatching(/^[a-z]{1,9}$/);
const labelValue = fc.oneof(word, fc.constantFrom('é', '\\"', '\\\\', 'a,b=\\"c\\"', '} 1', 'x'.repeat(60)));
const labels = fc
  .uniqueArray(fc.tuple(word, labelValue), { maxLength: 4, selector: ([name]) => name })
  .map((pairs) => pairs.map(([name, value]) => `${name}="${value}"`).join(','));
const family = fc.record({
  name: word,
  type: fc.constantFrom('gauge', 'counter', 'untyped', 'histogram', 'summary'),
  series: fc.uniqueArray(labels, { minLength: 1, maxLength: 6 }),
});

const template = fc
  .uniqueArray(family, { minLength: 1, maxLength: 5, selector: ({ name }) => name })
  .map((families) => families.flatMap(linesOfFamily));

function linesOfFamily({
  name: word_,
  type,
  series,
}: {
  name: string;
  type: string;
  series: string[];
}): TemplateLine[] {
  const name = `kata_${word_}`;
  const braces = (pairs: string, more = ''): string => {
    const all = [pairs, more].filter((text) => text !== '').join(',');
    return all === '' ? '' : `{${all}}`;
  };
  const lines = series.flatMap((pairs) => {
    switch (type) {
      case 'histogram':
        return [
          `${name}_bucket${braces(pairs, 'le="1"')}`,
          `${name}_bucket${braces(pairs, 'le="+Inf"')}`,
          `${name}_sum${braces(pairs)}`,
          `${name}_count${braces(pairs)}`,
        ];
      case 'summary':
        return [
          `${name}${braces(pairs, 'quantile="0.5"')}`,
          `${name}_sum${braces(pairs)}`,
          `${name}_count${braces(pairs)}`,
        ];
      default:
        return [name + braces(pairs)];
    }
  });
  return [
    { comment: `# HELP ${name} Text of ${name}.` },
    { comment: `# TYPE ${name} ${type}` },
    ...lines.map((text) => ({ series: text })),
  ];
}

const canonical = fc.oneof(
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  fc.constantFrom('0', '-0', '1.5', '-1', '8.0149069e+07', '1e-9', '007', '9'.repeat(40), 'NaN', '+Inf', '-Inf'),
);
const odd = fc.constantFrom(
  '+1',
  '.5',
  '1.',
  '1E5',
  'inf',
  'nan',
  '1e300',
  '1e999',
  'x',
  '',
  '0x1',
  '1 17',
  '1 x',
  '1\r',
  ' 2',
  '1 ',
);

/** What is done to the body beside new values; the whole of it stays like the template where nothing is. */
type Change = (body: Buffer) => Buffer;

const nothing: Change = (body) => body;
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 14, arbitrary: fc.constant(nothing) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(), fc.constantFrom(...'"}{ ,=\\\n\r#a19\0é')).map(([at, text]) => replaceAt(at, text)),
  },
  { weight: 3, arbitrary: fc.nat().map(spoilSeriesEnd) },
  {
    weight: 1,
    arbitrary: fc.nat().map(
      (at): Change =>
        (body) =>
          body.subarray(0, at % (body.length + 1)),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Change>((body) => Buffer.from(body.toString().replaceAll('\n', '\r\n'))) },
  { weight: 2, arbitrary: fc.tuple(fc.nat(), fc.nat(2)).map(([at, count]) => spliceLines(at, count)) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.nat()).map(([from, to]) => copyLine(from, to)) },
);

function replaceAt(at: number, text: string): Change {
  return (body) => {
    const start = body.length === 0 ? 0 : at % body.length;
    return Buffer.concat([body.subarray(0, start), Buffer.from(text), body.subarray(start + 1)]);
  };
}

/** Changes the last byte of a label value or of a name: what a comparison that stops too early would not see. */
function spoilSeriesEnd(at: number): Change {
  return (body) => {
    const text = body.toString('latin1');
    const ends = [...text.matchAll(/[a-z0-9](?="?\}? )/g)].map(({ index }) => index);
    if (ends.length === 0) {
      return body;
    }
    const spoiled = Buffer.from(body);
    const end = ends[at % ends.length]!;
    spoiled[end] = spoiled[end] === 122 ? 121 : 122;
    return spoiled;
  };
}

function spliceLines(at: number, count: number): Change {
  return (body) => {
    const lines = body.toString().split('\n');
    return Buffer.from(
      lines.toSpliced(at % lines.length, count, ...(count === 0 ? ['kata_new{a="1"} 1'] : [])).join('\n'),
    );
  };
}

function copyLine(from: number, to: number): Change {
  return (body) => {
    const lines = body.toString().split('\n');
    return Buffer.from(lines.toSpliced(to % lines.length, 0, lines[from % lines.length]!).join('\n'));
  };
}

/** Buckets rise where values do; now and then a value is of another kind. */
function printBody(lines: readonly TemplateLine[], values: readonly string[]): Buffer {
  let at = 0;
  const text = lines.map((line) =>
    'comment' in line ? line.comment : `${line.series} ${values[at++ % values.length]}`,
  );
  return Buffer.from(text.map((line) => `${line}\n`).join(''));
}

/** A value for each line, none less than the one before it, of any width. */
function rise(lines: readonly TemplateLine[], values: readonly string[]): readonly string[] {
  let sum = 0n;
  return lines.map((_, i) => {
    const value = values[i % values.length]!;
    sum += /^\d{1,18}$/.test(value) ? BigInt(value) : 0n;
    return String(sum);
  });
}

function describeScan({ form, values, faults }: Scan): unknown {
  const describeFamily = ({ name, type, help, segments }: ScannedFamily): unknown => [
    name,
    type,
    help?.toString('latin1'),
    ...segments.flatMap(({ from, to }) =>
      Array.from({ length: to - from }, (_, i) => lineText(form.series, values, from + i)),
    ),
  ];
  return [form.families.map(describeFamily), form.sampleCount, form.hasTimestamps, faults];
}

/** In every form of exposition, between two other sources. */
function writeAll(base: Scan, middle: Scan): string[] {
  const scans = [base, middle, base, middle];
  const plan = planMerge(
    scans.map((each, i) => ({
      id: `${i}`,
      scan: each,
      labels: new ExtraLabels({ source: `${i}` }),
      naming: keepNames,
    })),
  );
  return [writeText(plan), writeOpenMetrics(runToEnd(fitOpenMetrics(plan))), writeProtobuf(plan)].map((chunks) =>
    Buffer.concat([...chunks]).toString('latin1'),
  );
}

const slabPool = new ChunkPool();

function compare(known: Buffer, body: Buffer, isPartial: boolean): void {
  const base = scan(known);
  const alone = scan(body, { isPartial });
  const slabs = new ValueSlabs(slabPool);
  const counted: ScanPaths = { matchedBodies: 0, matchedLines: 0, scannedLines: 0 };
  const matched = scan(Buffer.from(body), { form: base.form, isPartial, slabs, paths: counted });
  paths.runs++;
  paths.matchedBodies += counted.matchedBodies;
  paths.matchedLines += counted.matchedLines;
  paths.scannedLines += counted.scannedLines;
  paths.changedBytes += counted.matchedBodies > 0 && !body.equals(known) ? 1 : 0;
  expect(describeScan(matched)).toEqual(describeScan(alone));
  expect(writeAll(base, matched)).toEqual(writeAll(base, alone));
  slabs.release();
}

describe('a scan with a form', () => {
  it('is the scan without it, whatever the values are', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(
        template,
        fc.array(canonical, { minLength: 1, maxLength: 12 }),
        fc.array(fc.oneof({ weight: 150, arbitrary: canonical }, { weight: 1, arbitrary: odd }), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.boolean(),
        change,
        fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
        (lines, first, second, isRising, edit, isPartial) => {
          // Histograms are only good where values rise.
          const valuesOf = (values: readonly string[]): readonly string[] => (isRising ? rise(lines, values) : values);
          compare(printBody(lines, valuesOf(first)), edit(printBody(lines, valuesOf(second))), isPartial);
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('is the scan without it for bodies of a real shim', { timeout: 120_000 }, () => {
    const known = readFileSync(new URL('../../../test/fixtures/bodies/go-shim.metrics.txt', import.meta.url));
    const grow = (by: number) => (text: string) =>
      text.replace(/ (\d+)$/gm, (_, digits: string) => ` ${BigInt(digits) * BigInt(by)}`);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), change, (by, edit) => {
        compare(known, edit(Buffer.from(grow(by)(known.toString()))), false);
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });

  afterAll(() => {
    const { runs, matchedBodies, changedBytes, matchedLines, scannedLines } = paths;
    if (process.env['KATA_PRINT_PATHS'] !== undefined) {
      process.stdout.write(`${JSON.stringify(paths)}\n`);
    }
    // Far below what the generators give, far above nothing.
    expect(matchedBodies / runs).toBeGreaterThan(0.25);
    expect(changedBytes / matchedBodies).toBeGreaterThan(0.9);
    expect(matchedLines / runs).toBeGreaterThan(1);
    expect(scannedLines / runs).toBeGreaterThan(0.5);
  });
});
