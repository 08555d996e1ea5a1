/**
 * Which peers make a scrape wait: shims the monitor's, an agent that of its shim. A scrape waits once for a peer that has
 * always been fast; one that was slow, or did not respond at all, is late from then on, and a late one is never waited for.
 * When it is fast again it is on probation: it is queried like the others, but not waited for, until it has been fast for a
 * number of scrapes. That number doubles each time that it is slow again, so that a peer which is fast now and then gains
 * nothing by it.
 */

/** Why a peer is late: it responded, but slowly, or it did not respond. */
export type LateReason = 'slow' | 'timeout';

export interface SlowPeersOptions {
  /** A request that keeps this program waiting for longer is slow. Default 500. */
  readonly slowMs?: number;
  /** Requests at the same time. */
  readonly lanes: number;
}

interface Record {
  state: 'late' | 'probation' | 'fast';
  reason: LateReason;
  /** Fast responses until the end of the probation. */
  fastResponsesLeft: number;
  /** How many it takes, the next time. */
  probation: number;
}

/** Long enough for an emulated guest. A scrape of the node may take this much longer for one sandbox, once. */
const DEFAULT_SLOW_MS = 500;
/** Requests that take this part of the limit or less are never slow, however many there are. */
const MODERATE_SHARE = 1 / 2;
const FIRST_PROBATION = 8;
const MAX_PROBATION = 1024;

export class SlowPeers {
  readonly #slowMs: number;
  readonly #lanes: number;
  /** Peers that were late at any time, by id. Of those that are late, the one that was not queried for the longest time comes first. */
  readonly #records = new Map<string, Record>();
  /** Last durations of peers that are nearly slow, in milliseconds. Together they must not delay a scrape either. */
  readonly #moderate = new Map<string, number>();

  constructor({ slowMs = DEFAULT_SLOW_MS, lanes }: SlowPeersOptions) {
    this.#slowMs = slowMs;
    this.#lanes = lanes;
  }

  /** Ids of those that are late, the longest not queried first. */
  get late(): string[] {
    return [...this.#records].flatMap(([id, { state }]) => (state === 'late' ? [id] : []));
  }

  isLate(id: string): boolean {
    return this.#records.get(id)?.state === 'late';
  }

  isOnProbation(id: string): boolean {
    return this.#records.get(id)?.state === 'probation';
  }

  /** Why it is late, or was the last time. */
  lateReasonOf(id: string): LateReason | undefined {
    return this.#records.get(id)?.reason;
  }

  /** It is queried now: of the late ones, the others come before it the next time. */
  begin(id: string): void {
    const record = this.#records.get(id);
    if (record !== undefined) {
      this.#records.delete(id);
      this.#records.set(id, record);
    }
  }

  /**
   * Records the outcome of a request, whatever the response was; `waitMs`: how long this program had nothing else to do meanwhile.
   * Returns whether it was slow.
   */
  note(id: string, waitMs: number): boolean {
    const isSlow = waitMs > this.#slowMs || this.#exceedsShare(id, waitMs);
    if (isSlow) {
      this.noteLate(id, 'slow');
    } else {
      this.#noteFast(id);
    }
    return isSlow;
  }

  noteLate(id: string, reason: LateReason): void {
    this.#moderate.delete(id);
    const record = this.#records.get(id);
    if (record === undefined) {
      this.#records.set(id, { state: 'late', reason, fastResponsesLeft: 0, probation: FIRST_PROBATION });
      return;
    }
    if (record.state !== 'late') {
      record.state = 'late';
      record.probation = Math.min(MAX_PROBATION, 2 * record.probation);
    }
    record.reason = reason;
  }

  /** Forgets those that are gone. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const known of [this.#records, this.#moderate]) {
      for (const id of known.keys()) {
        if (!ids.has(id)) {
          known.delete(id);
        }
      }
    }
  }

  #noteFast(id: string): void {
    const record = this.#records.get(id);
    if (record?.state === 'late') {
      record.state = 'probation';
      record.fastResponsesLeft = record.probation;
    } else if (record?.state === 'probation' && --record.fastResponsesLeft === 0) {
      record.state = 'fast';
    }
  }

  /** Whether all that are nearly slow, of which it is one, would take longer together than one may by itself. */
  #exceedsShare(id: string, waitMs: number): boolean {
    this.#moderate.delete(id);
    if (waitMs <= this.#slowMs * MODERATE_SHARE) {
      return false;
    }
    let sumMs = waitMs;
    for (const ms of this.#moderate.values()) {
      sumMs += ms;
    }
    if (sumMs / this.#lanes > this.#slowMs) {
      return true;
    }
    this.#moderate.set(id, waitMs);
    return false;
  }
}
