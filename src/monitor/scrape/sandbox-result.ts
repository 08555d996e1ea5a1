/**
 * What one scrape got from one sandbox.
 */
import {
  countLostLines,
  describeFault,
  type FaultReason,
  type LostReason,
  type MergeRefusalReason,
  type Scan,
} from '../../exposition/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { ShimFailureReason } from '../../shim-client/index.ts';
import type { ReadBody } from './read-body.ts';

/**
 * Why a sandbox's figures are missing or not whole: what its socket did, what its body holds, or `internal`, a fault of
 * the monitor itself that shall cost no more than this sandbox. The catalog has the same list with their meanings.
 */
export type SandboxErrorReason =
  | ShimFailureReason
  | FaultReason
  | LostReason
  | MergeRefusalReason
  | 'internal'
  | 'over_budget'
  | 'slow'
  | 'starting'
  | 'unsafe_socket';

export interface SandboxResult {
  readonly sandbox: Sandbox;
  /** Whether the shim answered in full. */
  readonly isUp: boolean;
  /** Whether samples of the guest came with it, whatever else did. */
  readonly isGuestUp: boolean;
  /** The families that can be used; undefined when none came. */
  readonly scan: Scan | undefined;
  /** What was worked out from them, as families of their own. */
  readonly figures: Scan | undefined;
  /** In the order in which they were found, each once. */
  readonly errors: readonly SandboxErrorReason[];
  /** Lines of its answer that are not passed on, by reason. */
  readonly dropped: ReadonlyMap<SandboxErrorReason, number>;
  /** For the log: what happened, without the sandbox's name. */
  readonly message: string | undefined;
  /** From the request to its answer or its failure; undefined when that was not waited for. */
  readonly durationMs: number | undefined;
  /** Since it last answered in full; undefined when it never did. */
  readonly successAgeMs: number | undefined;
}

const nothingDropped: SandboxResult['dropped'] = new Map();

/** A sandbox of which nothing came. */
export function failedResult(sandbox: Sandbox, reason: SandboxErrorReason, message: string): SandboxResult {
  return {
    sandbox,
    isUp: false,
    isGuestUp: false,
    scan: undefined,
    figures: undefined,
    errors: [reason],
    dropped: nothingDropped,
    message,
    durationMs: undefined,
    successAgeMs: undefined,
  };
}

/** A sandbox that answered, in full when it is up. */
export function scannedResult(
  sandbox: Sandbox,
  { scan: scanned, figures, isGuestUp }: ReadBody,
  { isUp }: { readonly isUp: boolean },
): SandboxResult {
  const { counts, described } = scanned.faults;
  const [fault] = described;
  return {
    sandbox,
    isUp,
    isGuestUp,
    scan: scanned,
    figures,
    errors: counts.size === 0 ? [] : [...counts.keys()],
    dropped: counts.size === 0 && isUp ? nothingDropped : countLostLines(scanned),
    message: fault === undefined ? undefined : `Its answer is faulty at ${describeFault(fault)}`,
    durationMs: undefined,
    successAgeMs: undefined,
  };
}
