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
  type ValueSlabs,
} from '../../exposition/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { ShimFailureReason } from '../../shim-client/index.ts';

/** What is in a body. */
export interface ReadBody {
  readonly scan: Scan;
  /** Families that the monitor adds, worked out from it. */
  readonly figures: Scan;
  /** Whether it has samples of the guest, in the response or not. */
  readonly isGuestUp: boolean;
}

/** What reads the bodies of shims, in small steps. */
export interface ReadsBodies {
  /** A whole body of a sandbox. Values go to the slabs, where there are any. */
  read(sandboxId: string, body: Buffer, slabs?: ValueSlabs): Generator<void, ReadBody>;
  /** A body that stopped half way. */
  readPart(body: Buffer): Generator<void, ReadBody>;
  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxIds: ReadonlySet<string>): void;
}

/** Whether a scan still needs the memory of this body. */
export function refersTo({ scan }: ReadBody, body: Buffer): boolean {
  return scan.form.series.body.buffer === body.buffer;
}

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

export interface CollectRequest {
  /** Milliseconds until what is made of it has to be done: collecting ends earlier, by the time that writing takes. */
  readonly timeoutMs: number;
  /** Fires when nobody wants the results any more. */
  readonly signal: AbortSignal;
  /** Default: all that are there. Ids of which there is none are passed over. */
  readonly sandboxIds?: readonly string[];
}

/** The results of a collection, as one who waited for it gets them. */
export interface Collected {
  /** One for each sandbox that has not gone, in the order of their ids. */
  readonly results: readonly SandboxResult[];
  /** May be called once, when the results are read no more: their memory is used again. */
  release(): void;
}

/** What collects from the sandboxes of the node, as those who make responses see it. */
export interface CollectSandboxes {
  /** Rejects with the signal's reason. */
  collect(request: CollectRequest): Promise<Collected>;
}
