/**
 * What a sandbox costs beyond what its containers use: host figures minus guest figures, in signed arithmetic. Fed at each
 * request for metrics; the CPU share comes from two successive ones, so it has no figure at the first. Waits for nothing
 * and runs nothing.
 */
import type { Use } from './use.ts';

export interface Overhead {
  readonly memoryBytes: number | undefined;
  /** Of one CPU. */
  readonly cpuPercent: number | undefined;
}

export interface Observation {
  /** Milliseconds of one clock, when the host was read. */
  readonly atMs: number;
  readonly host: Use;
  readonly guest: Use;
}

interface Base {
  readonly atMs: number;
  readonly hostCpuMs: ReadonlyMap<string, number>;
  readonly guestCpuMs: ReadonlyMap<string, number>;
}

/**
 * CPU time of /proc comes in steps of 10 ms: over less than this, one step would be more than 2 percent. Requests that
 * follow each other faster get the last figure again.
 */
const MIN_INTERVAL_MS = 500;

export class PodOverhead {
  #base: Base | undefined;
  #lastPercent: number | undefined;

  observe({ atMs, host, guest }: Observation): Overhead {
    return {
      memoryBytes: subtract(host.memoryBytes, guest.memoryBytes),
      cpuPercent: this.#observeCpu(atMs, host.cpuMs, guest.cpuMs),
    };
  }

  #observeCpu(atMs: number, hostCpuMs: Use['cpuMs'], guestCpuMs: Use['cpuMs']): number | undefined {
    if (hostCpuMs === undefined || guestCpuMs === undefined) {
      this.#base = undefined;
      this.#lastPercent = undefined;
      return undefined;
    }
    const elapsedMs = this.#base === undefined ? undefined : atMs - this.#base.atMs;
    // A clock that went back tells nothing; the next interval begins here.
    const isSoon = elapsedMs !== undefined && elapsedMs >= 0 && elapsedMs < MIN_INTERVAL_MS;
    if (!isSoon) {
      const current = { atMs, hostCpuMs, guestCpuMs };
      this.#lastPercent = this.#base === undefined ? undefined : percentBetween(this.#base, current);
      this.#base = current;
    }
    return this.#lastPercent;
  }
}

function percentBetween(from: Base, to: Base): number | undefined {
  const elapsedMs = to.atMs - from.atMs;
  const hostMs = riseBetween(from.hostCpuMs, to.hostCpuMs);
  const guestMs = riseBetween(from.guestCpuMs, to.guestCpuMs);
  return hostMs === undefined || guestMs === undefined || !(elapsedMs > 0)
    ? undefined
    : ((hostMs - guestMs) / elapsedMs) * 100;
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
