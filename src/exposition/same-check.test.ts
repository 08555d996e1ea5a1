/**
 * What a checker takes over from the form of an earlier body is what it would find without it. How often each path was taken
 * is counted: a generator that missed one would prove nothing.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  arbitraryChange,
  arbitraryTemplate,
  canonicalValue,
  oddValue,
  printBody,
  rise,
} from '../../test/support/template-bodies.ts';
import { BodyChecker, type CheckPolicy, checkBody } from './check.ts';
import { runToEnd } from './format/steps.ts';

const RUNS = 300;

/** Bodies of all letters are generated: some families are forbidden, some get a prefix, and most pass as they are. */
const policy: CheckPolicy = {
  allowedPrefixes: ['kata_', 'renamed_'],
  renames: [
    { startsWith: 'kata_a', prefix: 'renamed_' },
    { startsWith: 'kata_b', prefix: 'forbidden_' },
  ],
  reservedLabels: ['zz*'],
  maxBytes: 4096,
  maxSamples: 60,
  maxLabelValueBytes: 64,
};

const counted = { matchedBodies: 0, copiedBodies: 0 };
let bodies = 0;

describe('a checker that has checked other bodies', () => {
  it('gives what a new one gives', { timeout: 120_000 }, () => {
    const value = fc.oneof({ weight: 150, arbitrary: canonicalValue }, { weight: 1, arbitrary: oddValue });
    const values = fc.array(value, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        arbitraryTemplate,
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.tuple(values, arbitraryChange), { minLength: 2, maxLength: 5 }),
        (template, isSorted, isRising, rounds) => {
          const checker = new BodyChecker(policy, counted);
          for (const [texts, change] of rounds) {
            const lines = (isSorted ? template.toSorted((a, b) => (a.name < b.name ? -1 : 1)) : template).flatMap(
              (family) => family.lines,
            );
            // Histograms are only good where values rise.
            const body = change(printBody(lines, isRising ? rise(lines, texts) : texts));
            bodies++;
            expect(comparable(runToEnd(checker.check(Buffer.from(body))))).toEqual(comparable(checkBody(body, policy)));
          }
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  afterAll(() => {
    const { matchedBodies, copiedBodies } = counted;
    if (process.env['KATA_PRINT_PATHS'] !== undefined) {
      process.stdout.write(`${JSON.stringify({ ...counted, bodies })}\n`);
    }
    // Far below what the generators give, far above nothing.
    expect(matchedBodies / bodies).toBeGreaterThan(0.08);
    expect(copiedBodies / matchedBodies).toBeGreaterThan(0.1);
    expect(copiedBodies / matchedBodies).toBeLessThan(0.9);
  });
});

function comparable({ body, refused, ...rest }: ReturnType<typeof checkBody>): unknown {
  return { ...rest, body: body.toString('latin1'), refused: [...refused].sort() };
}
