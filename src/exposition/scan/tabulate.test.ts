import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scan } from '../form/scan.ts';
import { encodeText } from '../format/encode-text.ts';
import type { MetricFamily } from '../format/family.ts';
import { formatRules, insertAtOf, lineText, type Scan, type ScanRules, seriesStart } from './scanned-body.ts';
import { tabulate } from './tabulate.ts';

const rules: ScanRules = formatRules;

function describeScan({ form, values, faults }: Scan): unknown {
  return {
    families: form.families.map(({ help, ...family }) => ({ ...family, help: help?.toString() })),
    lines: Array.from({ length: form.series.count }, (_, line) => [
      seriesStart(form.series, line),
      insertAtOf(form.series, line),
      lineText(form.series, values, line),
    ]),
    text: form.series.body.toString(),
    valueBytes: form.valueBytes,
    sampleCount: form.sampleCount,
    faults,
  };
}

describe('tabulate', () => {
  const labelValue = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `-${text.replaceAll('\0', '')}`);
  const families = fc
    .array(
      fc.record({
        type: fc.constantFrom('counter', 'gauge', 'unknown'),
        help: fc.string({ unit: 'grapheme' }).map((help) => help.trim()),
        samples: fc.uniqueArray(
          fc.record({
            labels: fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), labelValue, { maxKeys: 3 }),
            value: fc.oneof(fc.double({ min: 0.001, max: 1e15 }), fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String)),
          }),
          { selector: ({ labels }) => JSON.stringify(Object.entries(labels).sort()), maxLength: 5 },
        ),
      }),
      { maxLength: 5 },
    )
    .map((list): MetricFamily[] => list.map((family, i) => ({ name: `kata_f${i}`, ...family }) as MetricFamily));

  it('gives what a scan of the text gives', () => {
    fc.assert(
      fc.property(families, (list) => {
        const canonical = list.map((family) => ({
          ...family,
          samples: family.samples.map((sample) => ({ ...sample, value: Number(sample.value) || 0 })),
        }));
        expect(describeScan(tabulate(canonical))).toEqual(describeScan(scan(encodeText(canonical), { rules })));
      }),
    );
  });

  it('grows with its text', () => {
    const labels = { text: 'é'.repeat(100_000) };
    const list: MetricFamily[] = [{ name: 'kata_f', type: 'gauge', help: 'h', samples: [{ labels, value: 1 }] }];
    const { form, values } = tabulate(list);
    expect(lineText(form.series, values, 0)).toBe(`kata_f{text="${labels.text}"} 1`);
  });
});
