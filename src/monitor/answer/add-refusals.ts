/**
 * Adds the refusals of the merge to the results of a scrape: families that no sandbox may send, and families whose type
 * conflicts with the type on this node.
 */
import { countSamples, type MergeRefusal } from '../../exposition/index.ts';
import type { SandboxErrorReason, SandboxResult } from '../scrape/sandbox-result.ts';

/** Returns the results in the same order. */
export function addMergeRefusals(
  results: readonly SandboxResult[],
  refusals: readonly MergeRefusal[],
): readonly SandboxResult[] {
  if (refusals.length === 0) {
    return results;
  }
  const refusalsOf = Map.groupBy(refusals, ({ source }) => source.id);
  return results.map((result) => {
    const own = refusalsOf.get(result.sandbox.id);
    return own === undefined ? result : addRefusals(result, own);
  });
}

function addRefusals(result: SandboxResult, refusals: readonly MergeRefusal[]): SandboxResult {
  const dropped = new Map(result.dropped);
  for (const { reason, family } of refusals) {
    dropped.set(reason, (dropped.get(reason) ?? 0) + countSamples(family));
  }
  // A sample that one format cannot represent is not an error of the sandbox.
  const faults = refusals.filter(({ reason }) => reason !== 'not_in_openmetrics');
  const errors: readonly SandboxErrorReason[] = [...result.errors, ...new Set(faults.map(({ reason }) => reason))];
  const [first] = faults;
  const message =
    result.message ?? (first === undefined ? undefined : `family "${first.family.name}" is dropped: ${first.reason}`);
  return { ...result, errors, dropped, message };
}
