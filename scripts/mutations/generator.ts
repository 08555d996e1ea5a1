/**
 * Bugs in what the scanner rejects and the writers repair, which the generator of random bodies has to find by the readers
 * (Prometheus, prometheus_client, promtool).
 */
import type { MutationSet } from './mutation.ts';

/** Fewer than in a test run: each bug is found within a few hundred. */
const BODIES = 600;

export const generator: MutationSet = {
  mutations: [
    {
      name: 'a label __name__ is accepted',
      file: 'scan/sample-scanner.ts',
      from: 'if (prefix.length <= end - start &&',
      to: 'if (prefix.length < 0 &&',
    },
    {
      name: 'a tab before a timestamp is copied',
      file: 'scan/sample-scanner.ts',
      from: 'this.isCanonical &&= at === from + 1 && bytes[from] === SPACE;',
      to: 'this.isCanonical &&= at === from + 1;',
    },
    {
      name: 'buckets are written in another order than that of their bounds',
      file: 'write/open-metrics-distributions.ts',
      from: 'for (const { line } of bounded) {',
      to: 'for (const { line } of bounded.toReversed()) {',
    },
    {
      name: 'a histogram keeps a sum of NaN in OpenMetrics',
      file: 'write/open-metrics-distributions.ts',
      from: '      readValue(lines.values, sum) >= 0 &&\n',
      to: '',
    },
  ],
  tests: ['test/system/readers/generator.test.ts'],
  env: { KATA_TEST_BODIES: String(BODIES) },
  // A reader, not a count of what was met.
  evidence: /(?:promtool|prometheus_client|Prometheus)[\w ]*: seeds [^\n]{0,150}/,
  counts: /(?<=✓|×).*what every reader takes.*: \d+/g,
};
