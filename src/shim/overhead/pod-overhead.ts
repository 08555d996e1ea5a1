/**
 * The cost of a sandbox beyond its containers: use on the host minus use in the guest. Updated at each request for
 * metrics. CPU is a rate over at least a minute, so it has no value during the first one. Does nothing between requests.
 */
import type { Use } from './use.ts';

/**
 * Absent where it is not known, and where it would be below 0: then the two sides cannot be compared, as when the clock of
 * an emulated guest counts time that the host spent elsewhere, or when the guest lies.
 */
export interface Overhead {
  readonly memoryBytes: number | undefined;
  /** Percent of one CPU; undefined if unknown. */
  readonly cpuPercent: number | undefined;
}

export interface Observation {
  /** Milliseconds of one clock, when the host was read. */
  readonly atMs: number;
  readonly host: Use;
  readonly guest: Use;
}

interface Reading {
  readonly atMs: number;
  readonly hostCpuMs: ReadonlyMap<string, number>;
  readonly guestCpuMs: ReadonlyMap<string, number>;
}

/** Minimum time over which CPU is measured: the start of a guest, or one scrape, is not representative. */
export const MIN_WINDOW_MS = 60_000;
/** Readings are kept this far apart: 12 of them for a window, however often the metrics are requested. */
const MIN_DISTANCE_MS = 5_000;

export class PodOverhead {
  /** The oldest first; the first is what the next rate is measured from, once it is old enough. */
  #readings: Reading[] = [];

  observe({ atMs, host, guest }: Observation): Overhead {
    return {
      memoryBytes: unlessNegative(subtract(host.memoryBytes, guest.memoryBytes)),
      cpuPercent: unlessNegative(this.#observeCpu(atMs, host.cpuMs, guest.cpuMs)),
    };
  }

  #observeCpu(atMs: number, hostCpuMs: Use['cpuMs'], guestCpuMs: Use['cpuMs']): number | undefined {
    if (hostCpuMs === undefined || guestCpuMs === undefined) {
      this.#readings = [];
      return undefined;
    }
    const now = { atMs, hostCpuMs, guestCpuMs };
    const newest = this.#readings.at(-1);
    // A clock that went back, or counters that are others or were started again: the next window begins here.
    if (newest !== undefined && (atMs < newest.atMs || percentBetween(newest, now) === undefined)) {
      this.#readings = [now];
      return undefined;
    }
    // Measures from the newest observation that is old enough.
    while (this.#readings[1] !== undefined && atMs - this.#readings[1].atMs >= MIN_WINDOW_MS) {
      this.#readings.shift();
    }
    const [base] = this.#readings;
    if (newest === undefined || atMs - newest.atMs >= MIN_DISTANCE_MS) {
      this.#readings.push(now);
    }
    return base === undefined || atMs - base.atMs < MIN_WINDOW_MS ? undefined : percentBetween(base, now);
  }
}

/** Undefined where the two readings cannot be compared; 0 where no time has passed. */
function percentBetween(from: Reading, to: Reading): number | undefined {
  const elapsedMs = to.atMs - from.atMs;
  const hostMs = riseBetween(from.hostCpuMs, to.hostCpuMs);
  const guestMs = riseBetween(from.guestCpuMs, to.guestCpuMs);
  if (hostMs === undefined || guestMs === undefined) {
    return undefined;
  }
  return elapsedMs > 0 ? ((hostMs - guestMs) / elapsedMs) * 100 : 0;
}

/**
 * Undefined when the counters are not the same ones, or one of them went back: a process, a container or the guest was
 * started or ended in between, and what it used since is not known.
 */
function riseBetween(from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): number | undefined {
  const rises = [...to].map(([counter, value]) => value - (from.get(counter) ?? Number.POSITIVE_INFINITY));
  const isContinued = to.size === from.size && rises.every((rise) => rise >= 0);
  return isContinued ? rises.reduce((sum, rise) => sum + rise, 0) : undefined;
}

function subtract(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}

function unlessNegative(value: number | undefined): number | undefined {
  return value !== undefined && value >= 0 ? value : undefined;
}
