/**
 * Any body yields valid derived metrics, and what was remembered of other bodies does not change them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseAnswer } from '../../test/support/reference-exposition.ts';
import {
  type BodyForm,
  keepNames,
  noLabels,
  planMerge,
  runToEnd,
  type Scan,
  scan,
  writeText,
} from '../exposition/index.ts';
import { computeDerived, type DerivedLayout, layOutDerived } from './derived-metrics.ts';

const lines = ['go-shim', 'kata-shim', 'runtime-rs'].flatMap((runtime) =>
  readFileSync(join(import.meta.dirname, `../../test/fixtures/bodies/${runtime}.metrics.txt`), 'utf8')
    .split('\n')
    .filter((line) =>
      /^(?:# TYPE |)(?:kata_(?:guest|hypervisor|shim|virtiofsd)_(?!vm_stat)|go_info|process_)/.test(line),
    ),
);

const values = fc.oneof(
  fc.constantFrom('0', 'NaN', '+Inf', '-Inf', '-1', '18446744073709551615', '1e+300', '1e-9', '9007199254740993'),
  fc.nat().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);

/** Lines of real bodies in their order, some left out, with any values. */
const bodies = fc
  .array(fc.tuple(fc.boolean(), values), { minLength: lines.length, maxLength: lines.length })
  .map((choices) =>
    lines
      .flatMap((line, i) => {
        const [isKept, value] = choices[i]!;
        const series = line.startsWith('#') ? undefined : line.slice(0, line.lastIndexOf(' '));
        return isKept ? [series === undefined ? line : `${series} ${value}`] : [];
      })
      .map((line) => `${line}\n`)
      .join(''),
  );

function print(metrics: Scan): string {
  return [...writeText(planMerge([{ id: '', scan: metrics, labels: noLabels, naming: keepNames }]))].join('');
}

it('any body yields valid text, the same with and without remembered layouts', () => {
  const layouts = new Map<BodyForm, DerivedLayout>();
  let form: BodyForm | undefined;
  fc.assert(
    fc.property(bodies, fc.boolean(), (body, isPartial) => {
      const bytes = Buffer.from(body);
      const scanned = scan(bytes, { isPartial, form });
      const layout = layouts.get(scanned.form) ?? runToEnd(layOutDerived(scanned, isPartial));
      layouts.set(scanned.form, layout);
      const text = print(runToEnd(computeDerived(layout, scanned)));
      const { series } = parseAnswer(text);
      expect(series.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
      const negative = series.filter(({ value }) => value < 0).map(({ name }) => name);
      expect(negative).toEqual([]);
      const alone = scan(bytes, { isPartial });
      const expected = runToEnd(computeDerived(runToEnd(layOutDerived(alone, isPartial)), alone));
      expect(text).toBe(print(expected));
      form = isPartial ? form : scanned.form;
    }),
    { numRuns: 200 },
  );
});
