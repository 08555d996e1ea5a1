/**
 * When a sandbox was created, from what is known best. Pure.
 */
import { readNumber, type Scan } from '../../exposition/index.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import type { Pods } from './pods.ts';

/** The start of the shim's own process, by the name in a body. */
const startFamilies: ReadonlySet<string> = new Set([
  'kata_shim_process_start_time_seconds',
  'process_start_time_seconds',
]);

/** In seconds since 1970: from the container manager, the shim, or the first time that the monitor saw the directory. */
export function startSecondsOf(
  { sandbox, scan }: Pick<SandboxResult, 'sandbox' | 'scan'>,
  pods: Pick<Pods, 'find'>,
): number {
  const createdNs = pods.find(sandbox.id)?.createdNs;
  const created = createdNs === undefined ? undefined : Number(createdNs / 1_000_000n) / 1000;
  return created ?? readShimStart(scan) ?? sandbox.firstSeenMs / 1000;
}

function readShimStart(scan: Scan | undefined): number | undefined {
  const line = scan?.form.families.find(({ name }) => startFamilies.has(name))?.segments[0]?.from;
  const value = scan === undefined || line === undefined ? Number.NaN : readNumber(scan.values, line);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
