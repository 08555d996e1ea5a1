/**
 * What a sandbox costs beyond what its containers use: host figures minus guest figures, in signed arithmetic. Fed at each
 * request for metrics; the CPU share comes from two successive ones, so it has no figure at the first.
 */

/** Memory now and CPU time since some start; undefined where it could not be read. */
export interface Use {
  readonly memoryBytes: number | undefined;
  readonly cpuMs: number | undefined;
}

export interface Overhead {
  readonly memoryBytes: number | undefined;
  /** Of one CPU. */
  readonly cpuPercent: number | undefined;
}

interface Observation {
  readonly atMs: number;
  readonly hostCpuMs: number;
  readonly guestCpuMs: number;
}

/**
 * CPU time of /proc comes in steps of 10 ms: over less than this, one step would be more than 2 percent. Requests that
 * follow each other faster get the last figure again.
 */
const MIN_INTERVAL_MS = 500;

export class PodOverhead {
  readonly #now: () => number;
  #base: Observation | undefined;
  #lastPercent: number | undefined;

  /** `now`: milliseconds that only go up. */
  constructor(now: () => number) {
    this.#now = now;
  }

  observe(host: Use, guest: Use): Overhead {
    return {
      memoryBytes: subtract(host.memoryBytes, guest.memoryBytes),
      cpuPercent: this.#observeCpu(host.cpuMs, guest.cpuMs),
    };
  }

  #observeCpu(hostCpuMs: number | undefined, guestCpuMs: number | undefined): number | undefined {
    if (hostCpuMs === undefined || guestCpuMs === undefined) {
      this.#base = undefined;
      this.#lastPercent = undefined;
      return undefined;
    }
    const current = { atMs: this.#now(), hostCpuMs, guestCpuMs };
    if (this.#base !== undefined && current.atMs - this.#base.atMs < MIN_INTERVAL_MS) {
      return this.#lastPercent;
    }
    this.#lastPercent = this.#base === undefined ? undefined : percentBetween(this.#base, current);
    this.#base = current;
    return this.#lastPercent;
  }
}

/** Undefined when a counter went back: a process or the guest was started anew in between. */
function percentBetween(from: Observation, to: Observation): number | undefined {
  const hostMs = to.hostCpuMs - from.hostCpuMs;
  const guestMs = to.guestCpuMs - from.guestCpuMs;
  return hostMs < 0 || guestMs < 0 ? undefined : ((hostMs - guestMs) / (to.atMs - from.atMs)) * 100;
}

function subtract(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}
