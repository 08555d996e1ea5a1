/**
 * Determines when a sandbox was created, from the best source available. Pure.
 */
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import type { Pods } from './pods.ts';

/**
 * Start time in seconds since 1970: from the container manager, the shim, or the first time that the monitor saw the
 * directory.
 */
export function startSecondsOf(
  { sandbox, facts }: Pick<SandboxResult, 'facts' | 'sandbox'>,
  pods: Pick<Pods, 'find'>,
): number {
  const createdNs = pods.find(sandbox.id)?.createdNs;
  const created = createdNs === undefined ? undefined : Number(createdNs / 1_000_000n) / 1000;
  return created ?? (facts?.shimStartSeconds || undefined) ?? sandbox.firstSeenMs / 1000;
}
