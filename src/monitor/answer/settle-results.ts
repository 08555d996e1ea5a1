/**
 * Adds to the results of a scrape what was only found when their families were put together: those that no sandbox may
 * send, and those whose type is not the one that they have on this node.
 */
import { countSamples, type MergeRefusal } from '../../exposition/index.ts';
import type { SandboxErrorReason, SandboxResult } from '../scrape/sandbox-result.ts';

/** The same results, in their order. */
export function settleResults(
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
  // What one form cannot carry is no error of the sandbox.
  const faults = refusals.filter(({ reason }) => reason !== 'not_in_openmetrics');
  const errors: readonly SandboxErrorReason[] = [...result.errors, ...new Set(faults.map(({ reason }) => reason))];
  const [first] = faults;
  const message =
    result.message ??
    (first === undefined ? undefined : `Its family "${first.family.name}" is refused: ${first.reason}`);
  return { ...result, errors, dropped, message };
}
