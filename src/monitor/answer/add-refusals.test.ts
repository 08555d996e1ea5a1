import { describe, expect, it } from 'vitest';
import { readLifecycleFacts } from '../../derived-metrics/index.ts';
import { type FamilyType, type MergeRefusalReason, noLabels, planMerge, scan } from '../../exposition/index.ts';
import { sandboxIn } from '../../sandboxes/index.ts';
import { failedResult, type SandboxResult, scannedResult } from '../scrape/sandbox-result.ts';
import { addMergeRefusals } from './add-refusals.ts';

const rows = (name: string, count: number): string =>
  `# TYPE ${name} gauge\n${Array.from({ length: count }, (_, i) => `${name}{n="${i}"} 1\n`).join('')}`;

function resultOf(id: string, body: string): SandboxResult {
  const scanned = scan(Buffer.from(body));
  const derived = scan(Buffer.alloc(0));
  const facts = readLifecycleFacts(scanned, derived);
  return scannedResult(sandboxIn('/root', id, 0), { scan: scanned, derived, isGuestUp: false, facts }, { isUp: true });
}

const typeOf = (name: string): FamilyType | undefined => (name === 'h' ? 'gauge' : undefined);

/** Results after a merge in which every family is refused that is called `bad…`. */
function settle(results: readonly SandboxResult[]): readonly SandboxResult[] {
  const sources = results.flatMap(({ sandbox, scan: scanned }) =>
    scanned === undefined
      ? []
      : [
          {
            id: sandbox.id,
            scan: scanned,
            labels: noLabels,
            naming: (name: string) =>
              name.startsWith('bad') ? ({ kind: 'forbidden' } as const) : ({ kind: 'named', prefix: '' } as const),
          },
        ],
  );
  return addMergeRefusals(results, planMerge(sources, { typeOf }).refusals);
}

describe('addMergeRefusals', () => {
  it('returns results without refusals unchanged', () => {
    const results = [resultOf('a', rows('x', 2)), failedResult(sandboxIn('/root', 'b', 0), 'timeout', 'late')];
    expect(settle(results)).toBe(results);
  });

  it('counts the samples of dropped families by reason, and names each reason once', () => {
    const [a, b] = settle([
      resultOf('a', rows('bad1', 3) + rows('x', 1) + rows('bad2', 2)),
      resultOf('b', rows('x', 1)),
    ]);
    expect(a!.errors).toEqual(['forbidden_family' satisfies MergeRefusalReason]);
    expect([...a!.dropped]).toEqual([['forbidden_family', 5]]);
    expect(a!.message).toBe('family "bad1" is dropped: forbidden_family');
    expect(a!.isUp).toBe(true);
    expect([b!.errors, [...b!.dropped]]).toEqual([[], []]);
  });

  it('adds to the faults of the body, whose message is kept', () => {
    const before = resultOf('a', `y 1\ny x\n${rows('bad', 2)}`);
    const [after] = settle([before]);
    expect(after!.errors).toEqual(['bad_value', 'forbidden_family']);
    expect(Object.fromEntries(after!.dropped)).toEqual({ bad_value: 1, in_faulty_family: 1, forbidden_family: 2 });
    expect(after!.message).toBe(before.message);
    expect(Object.fromEntries(before.dropped)).toEqual({ bad_value: 1, in_faulty_family: 1 });
  });

  it('distinguishes reasons', () => {
    const histogram = '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n';
    const [, , c] = settle([
      resultOf('a', rows('h', 1)),
      resultOf('b', rows('h', 1)),
      resultOf('c', histogram + rows('bad', 2)),
    ]);
    expect(Object.fromEntries(c!.dropped)).toEqual({ conflicting_family: 3, forbidden_family: 2 });
    expect([...c!.errors].sort()).toEqual(['conflicting_family', 'forbidden_family']);
  });
});
