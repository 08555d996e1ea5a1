/**
 * The state of each sandbox from the results of collections, and since when. Every collection of the whole node updates
 * it, whether Prometheus, a person or a client of the events requested it. Keeps one small entry for each sandbox and no
 * history: changes are reported at once.
 */
import { type LifecycleState, lifecycleOf, type SandboxState, stateOfShim } from '../../api/index.ts';
import { guestState, type LifecycleFacts } from '../../derived-metrics/index.ts';
import { NO_LISTENER } from '../../shim-client/index.ts';
import type { SandboxErrorReason, SandboxResult } from '../scrape/sandbox-result.ts';

export interface StateSince {
  readonly state: SandboxState;
  readonly reasons: readonly SandboxErrorReason[];
  /** Since when the state and the reasons have been so, in seconds since 1970. */
  readonly sinceSeconds: number;
  readonly lifecycle: LifecycleState;
  /** Since when the lifecycle state has been so, in seconds since 1970. */
  readonly lifecycleSinceSeconds: number;
  /** How often the guest or the shim was restarted since the monitor found the sandbox. */
  readonly restarts: number;
  /** When the guest was started, in milliseconds since 1970: the same in each collection until it is started again. */
  readonly guestStartMs: number | undefined;
}

/**
 * The state of a sandbox, and what is needed to recognize a restart or a repeated report, for the current start of the
 * guest.
 */
interface Entry extends StateSince {
  /** Whether any collection found metrics of the guest. */
  readonly wasGuestUp: boolean;
  /** When the shim responded last, or failed, in milliseconds since 1970. */
  readonly respondedMs: number;
  /** When a restart was found, in seconds since 1970. */
  readonly restartSeconds: number | undefined;
  /** The last known facts. */
  readonly facts: Partial<LifecycleFacts>;
}

/** Differences between two collections for one sandbox. */
export interface StateChange {
  readonly result: SandboxResult;
  readonly before: StateSince | undefined;
  readonly now: StateSince;
  /** What was restarted since the previous collection; undefined: nothing. */
  readonly restarted: 'guest' | 'shim' | undefined;
  /** Whether the guest has responded for the first time since its start. */
  readonly isReady: boolean;
  /** What the shim reported in the previous collection, for the same start of the guest. */
  readonly factsBefore: Partial<LifecycleFacts>;
}

export interface NoteRequest {
  readonly nowSeconds: number;
  /** Whether the results are those of all sandboxes. */
  readonly isWholeNode: boolean;
}

/** A shim that has never responded and is younger than this is starting. `ls` uses the same limit. */
const STARTING_SECONDS = 30;
/** A start time is computed from two clocks, and their difference changes by a little. */
const START_TOLERANCE_SECONDS = 2;
/** A guest is started within this time of its shim, and a restart is found within it. */
const MAX_BOOT_MS = 120_000;
const noFacts: Partial<LifecycleFacts> = {};

export class SandboxStates {
  readonly #entries = new Map<string, Entry>();
  readonly #onResult: (change: StateChange) => void;

  /** `onResult` is called for each result of a collection, whether anything has changed or not. */
  constructor(onResult: (change: StateChange) => void = () => undefined) {
    this.#onResult = onResult;
  }

  /**
   * Records the results of a collection. Forgets sandboxes that are not in it, if it is of the whole node.
   * `startSecondsOf`: when the sandbox was created, in seconds since 1970.
   */
  note(
    results: readonly SandboxResult[],
    startSecondsOf: (result: SandboxResult) => number,
    { nowSeconds, isWholeNode }: NoteRequest,
  ): void {
    if (isWholeNode) {
      this.#keepOnly(results);
    }
    for (const result of results) {
      this.#noteOne(result, () => nowSeconds - startSecondsOf(result), nowSeconds);
    }
  }

  /** Undefined for a sandbox that no collection has found. */
  of(sandboxId: string): StateSince | undefined {
    return this.#entries.get(sandboxId);
  }

  /** The sandbox is gone: one with the same id is another one. */
  forget(sandboxId: string): void {
    this.#entries.delete(sandboxId);
  }

  #noteOne(result: SandboxResult, ageSeconds: () => number, nowSeconds: number): void {
    const { id } = result.sandbox;
    const last = this.#entries.get(id);
    const respondedMs = result.respondedMs ?? last?.respondedMs ?? 0;
    // If two collections overlap, the one that began first may end last.
    if (last !== undefined && respondedMs < last.respondedMs) {
      return;
    }
    const restarted = last === undefined ? undefined : findRestart(last, result.facts);
    const wasGuestUp = restarted === undefined && last?.wasGuestUp === true;
    const factsBefore = last === undefined ? noFacts : toFactsBefore(last.facts, restarted);
    const restarts = (last?.restarts ?? 0) + (restarted === undefined ? 0 : 1);
    const restartSeconds = restarted === undefined ? last?.restartSeconds : nowSeconds;
    // The pod is older than a guest that was started again.
    const age = restartSeconds === undefined ? ageSeconds : () => nowSeconds - restartSeconds;
    const state = toState(result, age, wasGuestUp);
    const lifecycle = toLifecycle(state, result, last);
    const changedSeconds = nowSeconds - (result.isUp ? 0 : (result.successAgeMs ?? 0) / 1000);
    const isSame = last !== undefined && last.state === state && areEqual(last.reasons, result.errors);
    const isSameLifecycle = restarted === undefined && last?.lifecycle === lifecycle;
    const entry: Entry = {
      state,
      reasons: isSame ? last.reasons : result.errors,
      sinceSeconds: isSame ? last.sinceSeconds : changedSeconds,
      lifecycle,
      lifecycleSinceSeconds: isSameLifecycle ? last!.lifecycleSinceSeconds : changedSeconds,
      restarts,
      guestStartMs: toGuestStartMs(result, restarted === undefined ? last?.guestStartMs : undefined, restartSeconds),
      restartSeconds,
      wasGuestUp: wasGuestUp || result.isGuestUp,
      respondedMs,
      facts: result.facts === undefined ? factsBefore : withKnown(factsBefore, result.facts),
    };
    this.#entries.set(id, entry);
    const isReady = result.isGuestUp && !wasGuestUp;
    this.#onResult({ result, before: last, now: entry, restarted, isReady, factsBefore });
  }

  #keepOnly(results: readonly SandboxResult[]): void {
    const ids = new Set(results.map(({ sandbox }) => sandbox.id));
    for (const id of this.#entries.keys()) {
      if (!ids.has(id)) {
        this.#entries.delete(id);
      }
    }
  }
}

function toState(result: SandboxResult, ageSeconds: () => number, wasGuestUp: boolean): SandboxState {
  const { isUp, isGuestUp, errors, facts, successAgeMs } = result;
  if (isUp) {
    const isPaused = facts?.isPaused === true;
    const hasResponded = !isGuestUp && (wasGuestUp || facts?.hasAgentVersion === true);
    return isGuestUp && !isPaused
      ? 'running'
      : guestState({ isPaused, isGuestUp, hasResponded, ageSeconds: ageSeconds() });
  }
  const state = stateOfShim(errors[0]);
  // kata-shim listens first, and responds once its hypervisor runs.
  const isNew = state === 'unresponsive' && successAgeMs === undefined && ageSeconds() < STARTING_SECONDS;
  return isNew ? 'starting' : state;
}

function toLifecycle(state: SandboxState, { errors, message }: SandboxResult, last: Entry | undefined): LifecycleState {
  // A collection that was cut short says nothing about the sandbox.
  if (last !== undefined && errors[0] === 'aborted') {
    return last.lifecycle;
  }
  // A shim that may not be reached, or has too many connections, has not ended.
  return errors[0] === 'refused' && message !== NO_LISTENER ? 'unresponsive' : lifecycleOf(state);
}

/**
 * A shim has another start time after its restart. A guest whose machine was reset is reported by the shim. Any other begins to count its time from 0: a guest without uptime, as of
 * other agents, that of its CPUs.
 */
function findRestart(
  { facts: before, wasGuestUp }: Entry,
  now: LifecycleFacts | undefined,
): 'guest' | 'shim' | undefined {
  if (now === undefined) {
    return undefined;
  }
  if (
    Math.abs((now.shimStartSeconds ?? 0) - (before.shimStartSeconds ?? now.shimStartSeconds ?? 0)) >
    START_TOLERANCE_SECONDS
  ) {
    return 'shim';
  }
  // Firmware and a kernel that boots may reset the machine as well.
  if (wasGuestUp && (now.resets ?? 0) > (before.resets ?? now.resets ?? 0)) {
    return 'guest';
  }
  const [earlier, later] =
    now.guestUptimeSeconds === undefined || before.guestUptimeSeconds === undefined
      ? [before.guestCpuSeconds, now.guestCpuSeconds]
      : [before.guestUptimeSeconds, now.guestUptimeSeconds];
  return earlier !== undefined && later !== undefined && later < earlier ? 'guest' : undefined;
}

/**
 * Computes the start of the guest from its uptime. The clock of the uptime stops while the machine is paused, so a result
 * that is far from the start of the shim, or from the restart that was found, is not used.
 */
function toGuestStartMs(
  { facts, respondedMs }: SandboxResult,
  known: number | undefined,
  restartSeconds: number | undefined,
): number | undefined {
  if (known !== undefined || respondedMs === undefined) {
    return known;
  }
  const startMs = respondedMs - (facts?.guestUptimeSeconds ?? Number.NaN) * 1000;
  const expectedMs = (restartSeconds ?? facts?.shimStartSeconds ?? Number.NaN) * 1000;
  return Math.abs(startMs - expectedMs) <= MAX_BOOT_MS ? startMs : undefined;
}

/** Returns those of the previous facts that are comparable with the new ones after a restart. */
function toFactsBefore(
  facts: Partial<LifecycleFacts>,
  restarted: 'guest' | 'shim' | undefined,
): Partial<LifecycleFacts> {
  if (restarted === 'guest') {
    return { ...facts, guestUptimeSeconds: undefined, guestCpuSeconds: undefined, oomKills: undefined };
  }
  return restarted === undefined ? facts : noFacts;
}

/** A guest that does not respond has no values: the last ones are kept. */
function withKnown(before: Partial<LifecycleFacts>, now: LifecycleFacts): Partial<LifecycleFacts> {
  return {
    shimStartSeconds: now.shimStartSeconds ?? before.shimStartSeconds,
    guestUptimeSeconds: now.guestUptimeSeconds ?? before.guestUptimeSeconds,
    guestCpuSeconds: now.guestCpuSeconds ?? before.guestCpuSeconds,
    agentReadySeconds: now.agentReadySeconds ?? before.agentReadySeconds,
    firstContainerSeconds: now.firstContainerSeconds ?? before.firstContainerSeconds,
    panics: now.panics ?? before.panics,
    resets: now.resets ?? before.resets,
    oomKills: now.oomKills ?? before.oomKills,
  };
}

function areEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
