/**
 * The result of scraping one sandbox.
 */

import type { DeviceCounters } from '../../cloud-hypervisor/index.ts';
import type { LifecycleFacts } from '../../derived-metrics/index.ts';
import {
  countLostLines,
  countSamples,
  describeFault,
  type FaultReason,
  type LostReason,
  type MergeRefusalReason,
  type Scan,
  type ScannedFamily,
  type ValueSlabs,
} from '../../exposition/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { ShimFailureReason } from '../../shim-client/index.ts';

/** The content of a body. */
export interface ReadBody {
  readonly scan: Scan;
  /** The metrics that the monitor derives from it. */
  readonly derived: Scan;
  /** Whether the body has samples of the guest, even if none of them is selected. */
  readonly isGuestUp: boolean;
  /** What the body reports about the life of the sandbox, even if the selection omits it. */
  readonly facts: LifecycleFacts;
}

/** Reads the bodies of shims, in small steps. */
export interface ReadsBodies {
  /** Reads a complete body of a sandbox. Values are stored in `slabs`, if given. */
  read(sandboxId: string, body: Buffer, slabs?: ValueSlabs): Generator<void, ReadBody>;
  /** Reads a truncated body. */
  readPart(body: Buffer): Generator<void, ReadBody>;
  /** Forgets sandboxes that are gone. */
  keepOnly(sandboxIds: ReadonlySet<string>): void;
}

/** Whether a scan refers to the memory of this body. */
export function refersTo({ scan }: ReadBody, body: Buffer): boolean {
  return scan.form.series.body.buffer === body.buffer;
}

/**
 * Why metrics of a sandbox are missing or incomplete: a failure of its socket, a fault in its body, or `internal`, a fault of
 * the monitor that is confined to this sandbox. The catalog has the same list with descriptions.
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
  /** Whether the shim responded completely. */
  readonly isUp: boolean;
  /** Whether the response has samples of the guest. */
  readonly isGuestUp: boolean;
  /** The valid families; undefined when none arrived. */
  readonly scan: Scan | undefined;
  /** The metrics derived from them. */
  readonly derived: Scan | undefined;
  /** What the shim reports about the life of the sandbox; undefined if no response arrived. */
  readonly facts: LifecycleFacts | undefined;
  /** Counters of its Cloud Hypervisor; undefined if it has none, or it did not respond in time. */
  readonly devices?: readonly DeviceCounters[] | undefined;
  /** Reasons in the order of detection, each once. */
  readonly errors: readonly SandboxErrorReason[];
  /** Number of samples of its response that are dropped, by reason. */
  readonly dropped: ReadonlyMap<SandboxErrorReason, number>;
  /** Text for the log, without the name of the sandbox. */
  readonly message: string | undefined;
  /** HTTP status of an unexpected response. */
  readonly status?: number;
  /** Time from the request to its response or failure; undefined if the scrape did not wait for it. */
  readonly durationMs: number | undefined;
  /** When that was, in milliseconds since 1970: rates are measured from it, because a collection may end much later. */
  readonly respondedMs: number | undefined;
  /** Time since its last complete response; undefined when there was none. */
  readonly successAgeMs: number | undefined;
}

const nothingDropped: SandboxResult['dropped'] = new Map();

/** The result of a sandbox without a usable response. */
export function failedResult(sandbox: Sandbox, reason: SandboxErrorReason, message: string): SandboxResult {
  return {
    sandbox,
    isUp: false,
    isGuestUp: false,
    scan: undefined,
    derived: undefined,
    facts: undefined,
    errors: [reason],
    dropped: nothingDropped,
    message,
    durationMs: undefined,
    respondedMs: undefined,
    successAgeMs: undefined,
  };
}

/** The result of a sandbox that responded; completely if `isUp`. */
export function scannedResult(
  sandbox: Sandbox,
  { scan: scanned, derived, isGuestUp, facts }: ReadBody,
  { isUp }: { readonly isUp: boolean },
): SandboxResult {
  const { counts, described } = scanned.faults;
  const [fault] = described;
  return {
    sandbox,
    isUp,
    isGuestUp,
    scan: scanned,
    derived,
    facts,
    errors: counts.size === 0 ? [] : [...counts.keys()],
    dropped: counts.size === 0 && isUp ? nothingDropped : countLostLines(scanned),
    message: fault === undefined ? undefined : `response is invalid at ${describeFault(fault)}`,
    durationMs: undefined,
    respondedMs: undefined,
    successAgeMs: undefined,
  };
}

/** The budget of samples of one scrape. */
interface SampleBudget {
  /** Returns how many of the samples the sandbox gets. */
  grant(sandboxId: string, wanted: number): number;
}

/**
 * Drops families of a sandbox whose samples exceed its share of the scrape, starting with the first family that does not
 * fit.
 */
export function cutToBudget(result: SandboxResult, budget: SampleBudget): SandboxResult {
  const wanted = result.scan?.form.sampleCount ?? 0;
  const granted = budget.grant(result.sandbox.id, wanted);
  if (result.scan === undefined || granted >= wanted) {
    return result;
  }
  const scan = keepSamples(result.scan, granted);
  const dropped = new Map(result.dropped).set('over_budget', wanted - scan.form.sampleCount);
  const errors = result.errors.includes('over_budget') ? result.errors : [...result.errors, 'over_budget' as const];
  const message =
    result.message ?? `sandbox has ${wanted} samples and exceeds its share of the scrape, ${granted} samples`;
  return { ...result, scan, dropped, errors, message };
}

function keepSamples(scan: Scan, granted: number): Scan {
  const families: ScannedFamily[] = [];
  let sampleCount = 0;
  for (const family of scan.form.families) {
    const count = countSamples(family);
    if (sampleCount + count > granted) {
      break;
    }
    families.push(family);
    sampleCount += count;
  }
  return { ...scan, form: { ...scan.form, families, sampleCount } };
}

export interface CollectRequest {
  /** Milliseconds until the response must be complete; collecting ends earlier by the time that writing takes. */
  readonly timeoutMs: number;
  /** Fires when the caller does not need the results any more. */
  readonly signal: AbortSignal;
  /** Restricts the collection to these ids; unknown ids are ignored. Default: all sandboxes. */
  readonly sandboxIds?: readonly string[];
}

/** The results of a collection for one caller. */
export interface Collected {
  /** One result for each sandbox that is not gone, sorted by id. */
  readonly results: readonly SandboxResult[];
  /** Called once, when the caller has finished reading the results; their memory is reused then. */
  release(): void;
}

/** Collects the metrics of the sandboxes of the node. */
export interface CollectSandboxes {
  /** @throws the signal's reason */
  collect(request: CollectRequest): Promise<Collected>;
}
