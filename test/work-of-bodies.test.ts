/**
 * Whatever the body of a sandbox holds, what is done with it costs linear work: scanning, checking, deriving, merging and
 * writing in every form. Counted in steps, not in time.
 */
import { describe, expect, it } from 'vitest';
import { computeDerived, layOutDerived } from '../src/derived-metrics/index.ts';
import {
  checkBody,
  ExtraLabels,
  fitOpenMetrics,
  GzipWriter,
  LineFilter,
  planMerge,
  runToEnd,
  scan,
  writeOpenMetrics,
  writeOpenMetricsTo,
  writeProtobuf,
  writeText,
  writeTextTo,
} from '../src/exposition/index.ts';
import { helpInCatalog, nameSandboxFamilies, sandboxRules, typeInCatalog } from '../src/sandbox-policy/index.ts';
import { countWork, growthOf } from './support/count-work.ts';
import { hostileBodies } from './support/hostile-bodies.ts';

/** Quadratic work grows by 4. Sorting adds a little to 2. */
const MAX_GROWTH = 2.3;
const LINES = 200;
/** Of all that is done with it: three forms are written, two of them compressed too, and the line-by-line scan runs again with a form. */
const MAX_WORK_PER_BYTE = 400;
const naming = nameSandboxFamilies();
const labels = new ExtraLabels({ sandbox_id: 'x', cri_uid: '', cri_name: '', cri_namespace: '' });

function useBody(body: Buffer): void {
  const scanned = scan(body, { rules: sandboxRules });
  const derived = runToEnd(computeDerived(runToEnd(layOutDerived(scanned, false)), scanned));
  const again = scan(body, { rules: sandboxRules, form: scanned.form });
  const sources = [scanned, derived, again].map((each, i) => ({ id: `${i}`, scan: each, labels, naming }));
  const plan = planMerge(sources, { typeOf: typeInCatalog, helpOf: helpInCatalog });
  const ofOpenMetrics = runToEnd(fitOpenMetrics(plan));
  for (const chunks of [
    writeText(plan),
    writeTextTo(new GzipWriter(), plan),
    writeOpenMetrics(ofOpenMetrics),
    writeOpenMetricsTo(new GzipWriter(), ofOpenMetrics),
    writeProtobuf(plan),
  ]) {
    for (const _chunk of chunks) {
      // Nothing is kept.
    }
  }
}

describe('the work that a body takes is linear', () => {
  it.each(hostileBodies.map(({ name, make }) => [name, make] as const))('in the monitor: %s', (_, make) => {
    const growth = growthOf((lines) => useBody(Buffer.from(make(lines))), LINES);
    expect(growth).toBeLessThan(MAX_GROWTH);
  });

  it.each(hostileBodies.map(({ name, make }) => [name, make] as const))('and limited for each byte: %s', (_, make) => {
    const body = Buffer.from(make(LINES));
    useBody(Buffer.from('a 1\n'));
    expect(countWork(() => useBody(body)) / body.length).toBeLessThan(MAX_WORK_PER_BYTE);
  });

  it.each(hostileBodies.map(({ name, make }) => [name, make] as const))('in the shim: %s', (_, make) => {
    const policy = { ...sandboxRules, allowedPrefixes: ['kata_guest_'], renames: [], maxBytes: 4 * 1024 * 1024 };
    expect(growthOf((lines) => checkBody(Buffer.from(make(lines)), policy), LINES)).toBeLessThan(MAX_GROWTH);
  });

  it.each(hostileBodies.map(({ name, make }) => [name, make] as const))('with a profile: %s', (_, make) => {
    const filterLines = (lines: number): void => {
      const body = Buffer.from(make(lines));
      const filter = new LineFilter({
        choose: (name) => (name.endsWith('x') ? { i: ['1', '2'] } : 'all'),
        typeOf: sandboxRules.typeOf!,
      });
      filter.filter(body, Buffer.alloc(body.length));
    };
    expect(growthOf(filterLines, LINES)).toBeLessThan(MAX_GROWTH);
  });
});
