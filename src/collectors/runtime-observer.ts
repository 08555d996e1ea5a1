/**
 * Counts garbage collections of this process. Programs start it once, explicitly, before they serve; the go-runtime and
 * node-runtime collectors read it. No timer and no sampling: the runtime reports every collection.
 */
import { constants, PerformanceObserver, performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';

export type GcKind = 'incremental' | 'major' | 'minor' | 'weakcb';

export interface GcTotals {
  readonly runs: number;
  readonly seconds: number;
}

export interface RuntimeObserver {
  /** Pauses in seconds of the last collections, at most `MAX_RECENT_PAUSES`, sorted from short to long. */
  recentPauses(): Float64Array;
  /** Collections since the start, for each kind that there was. */
  totals(): ReadonlyMap<GcKind, GcTotals>;
  /** End of the last collection in Unix time, undefined before the first. */
  lastEndSeconds(): number | undefined;
  /** Bytes of new space that were filled so far; a lower estimate of what was allocated. Never goes back. */
  filledBytes(): number;
  stop(): void;
}

/** Limit of pauses that are kept for quantiles, which limits the memory of a busy program. */
export const MAX_RECENT_PAUSES = 256;

/** V8's kinds, as `perf_hooks.constants` has them; 2 is the minor mark-sweep, which has no constant. */
const KINDS: ReadonlyMap<number, GcKind> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [2, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

/** One garbage collection: `kind` is the number that V8 uses, times are in milliseconds since `timeOrigin`. */
export interface GcEvent {
  readonly kind: number;
  readonly startTime: number;
  readonly duration: number;
}

/** The counting alone, fed by the observer and by tests. */
export class GcRecord {
  readonly #pauses = new Float64Array(MAX_RECENT_PAUSES);
  readonly #totals = new Map<GcKind, { runs: number; seconds: number }>();
  readonly #timeOriginMs: number;
  #count = 0;
  /** The pauses after so many collections, sorted. */
  #sorted = new Float64Array(0);
  #sortedCount = 0;
  #lastEndSeconds: number | undefined;

  constructor(timeOriginMs: number) {
    this.#timeOriginMs = timeOriginMs;
  }

  add({ kind, startTime, duration }: GcEvent): GcKind {
    const name = KINDS.get(kind) ?? 'major';
    const totals = this.#totals.get(name) ?? { runs: 0, seconds: 0 };
    totals.runs += 1;
    totals.seconds += duration / 1000;
    this.#totals.set(name, totals);
    this.#pauses[this.#count % MAX_RECENT_PAUSES] = duration / 1000;
    this.#count += 1;
    this.#lastEndSeconds = (this.#timeOriginMs + startTime + duration) / 1000;
    return name;
  }

  recentPauses(): Float64Array {
    if (this.#sortedCount !== this.#count) {
      this.#sorted = this.#pauses.slice(0, Math.min(this.#count, MAX_RECENT_PAUSES)).sort();
      this.#sortedCount = this.#count;
    }
    return this.#sorted;
  }

  totals(): ReadonlyMap<GcKind, GcTotals> {
    return this.#totals;
  }

  lastEndSeconds(): number | undefined {
    return this.#lastEndSeconds;
  }
}

/** Begins to count. Does not keep the process alive. */
export function startRuntimeObserver(): RuntimeObserver {
  const record = new GcRecord(performance.timeOrigin);
  let filledBytes = 0;
  let mostFilledBytes = 0;
  let roomBytes = newSpaceRoom();
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration, detail } of list.getEntries() as unknown as PerformanceGcEntry[]) {
      if (record.add({ kind: detail.kind, startTime, duration }) === 'minor') {
        filledBytes += roomBytes;
      }
    }
    roomBytes = newSpaceRoom();
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    recentPauses: () => record.recentPauses(),
    totals: () => record.totals(),
    lastEndSeconds: () => record.lastEndSeconds(),
    filledBytes: () => {
      // After a collection that is not reported yet there is more space, not less.
      mostFilledBytes = Math.max(mostFilledBytes, filledBytes + roomBytes - newSpaceRoom());
      return mostFilledBytes;
    },
    stop: () => observer.disconnect(),
  };
}

interface PerformanceGcEntry {
  readonly startTime: number;
  readonly duration: number;
  readonly detail: { readonly kind: number };
}

/** A minor collection begins when this space is full, so it is what the program allocates until then. */
function newSpaceRoom(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_available_size ?? 0;
}
