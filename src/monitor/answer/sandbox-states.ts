/**
 * The state of each sandbox from the results of collections, and since when. Every collection of the whole node updates
 * it, whether Prometheus or a person requested it. Keeps one small entry for each sandbox, and no history.
 */
import { type SandboxState, stateOfShim } from '../../api/index.ts';
import { guestState, hasAgentVersion } from '../../derived-metrics/index.ts';
import type { SandboxErrorReason, SandboxResult } from '../scrape/sandbox-result.ts';

export interface StateSince {
  readonly state: SandboxState;
  readonly reasons: readonly SandboxErrorReason[];
  /** In seconds since 1970. */
  readonly sinceSeconds: number;
}

interface Entry extends StateSince {
  /** Whether any collection found metrics of the guest. */
  readonly wasGuestUp: boolean;
}

/** As for `ls`: a shim that never responded and is younger than this is starting. */
const STARTING_SECONDS = 30;

export class SandboxStates {
  readonly #entries = new Map<string, Entry>();

  /**
   * Records the results of a collection. Forgets sandboxes that are not in it, if it is of the whole node.
   * `startSecondsOf`: when the sandbox was created, in seconds since 1970.
   */
  note(
    results: readonly SandboxResult[],
    startSecondsOf: (result: SandboxResult) => number,
    { nowSeconds, isWholeNode }: { readonly nowSeconds: number; readonly isWholeNode: boolean },
  ): void {
    if (isWholeNode) {
      this.#keepOnly(results);
    }
    for (const result of results) {
      const { id } = result.sandbox;
      const before = this.#entries.get(id);
      const wasGuestUp = result.isGuestUp || before?.wasGuestUp === true;
      const state = toState(result, () => nowSeconds - startSecondsOf(result), before?.wasGuestUp === true);
      if (before === undefined || before.state !== state || !areEqual(before.reasons, result.errors)) {
        const ageSeconds = result.isUp ? 0 : (result.successAgeMs ?? 0) / 1000;
        this.#entries.set(id, { state, reasons: result.errors, sinceSeconds: nowSeconds - ageSeconds, wasGuestUp });
      } else if (before.wasGuestUp !== wasGuestUp) {
        this.#entries.set(id, { ...before, wasGuestUp });
      }
    }
  }

  /** Undefined for a sandbox that no collection has found. */
  of(sandboxId: string): StateSince | undefined {
    return this.#entries.get(sandboxId);
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
  const { isUp, isGuestUp, errors, scan, successAgeMs } = result;
  if (isUp) {
    const hasResponded = !isGuestUp && (wasGuestUp || (scan !== undefined && hasAgentVersion(scan)));
    return isGuestUp ? 'running' : guestState({ isGuestUp, hasResponded, ageSeconds: ageSeconds() });
  }
  const state = stateOfShim(errors[0]);
  // kata-shim listens first, and responds once its hypervisor runs.
  const isNew = state === 'unresponsive' && successAgeMs === undefined && ageSeconds() < STARTING_SECONDS;
  return isNew ? 'starting' : state;
}

function areEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
