/**
 * What is taken over from a form is what would have been found without it: bodies that keep the series of a template and
 * change the values, or a little more, give the same scan and the same bytes in every form of exposition. How often each
 * path was taken is counted: a generator that missed one would prove nothing.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  arbitraryChange,
  arbitraryTemplate,
  canonicalValue,
  oddValue,
  printBody,
  rise,
} from '../../../test/support/template-bodies.ts';
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
        arbitraryTemplate,
        fc.array(canonicalValue, { minLength: 1, maxLength: 12 }),
        fc.array(fc.oneof({ weight: 150, arbitrary: canonicalValue }, { weight: 1, arbitrary: oddValue }), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.boolean(),
        arbitraryChange,
        fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
        (families, first, second, isRising, edit, isPartial) => {
          const lines = families.flatMap((family) => family.lines);
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
      fc.property(fc.integer({ min: 1, max: 1e9 }), arbitraryChange, (by, edit) => {
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
