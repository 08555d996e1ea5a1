/**
 * The times at which the counters of each sandbox were 0: those of the guest at its boot, those of the shim at the start
 * of its process, the others at the start of the sandbox. A guest that boots again has new counters. Pure, except for the
 * clock.
 */
import type { Origin } from '../catalog/index.ts';
import { type MergePlan, readNumber } from '../exposition/index.ts';
import type { Times } from './request-encoder.ts';

export interface SandboxTimes {
  readonly id: string;
  /** Seconds since 1970; null if it is not known. */
  readonly startSeconds: number | null;
  readonly readSeconds: number | null;
  /** Uptime of the guest; null if unknown. */
  readonly uptimeSeconds: number | null;
}

interface Known {
  readonly startSeconds: number | undefined;
  readonly readSeconds: number | undefined;
  readonly bootSeconds: number | undefined;
  /** With which `bootSeconds` was computed, or a later one of the same boot. */
  readonly uptimeSeconds: number | undefined;
}

const SHIM_START = 'kata_shim_process_start_time_seconds';

/** When the process of each shim was started, by the sandbox: after the sandbox, if it is not its first one. */
export function readShimStarts({ families }: MergePlan): ReadonlyMap<string, number> {
  const starts = new Map<string, number>();
  for (const { family, sources } of families.find(({ name }) => name === SHIM_START)?.parts ?? []) {
    const line = family.segments[0]?.from;
    for (const { id, scan } of sources) {
      const seconds = line === undefined ? Number.NaN : readNumber(scan.values, line);
      if (seconds > 0) {
        starts.set(id, seconds);
      }
    }
  }
  return starts;
}

export class StartTimes {
  #sandboxes: ReadonlyMap<string, Known> = new Map();
  #shimStarts: ReadonlyMap<string, number> = new Map();
  #nowSeconds = 0;

  /** Forgets sandboxes that are gone. */
  update(
    sandboxes: readonly SandboxTimes[],
    nowSeconds = Date.now() / 1000,
    shimStarts: ReadonlyMap<string, number> = new Map(),
  ): void {
    this.#nowSeconds = nowSeconds;
    this.#shimStarts = shimStarts;
    const before = this.#sandboxes;
    this.#sandboxes = new Map(sandboxes.map((sandbox) => [sandbox.id, toKnown(sandbox, before.get(sandbox.id))]));
  }

  /** Returns the times of a sandbox, or of the node if the id is undefined. */
  timesOf(sandboxId: string | undefined, origin: Origin): Times {
    if (sandboxId === undefined) {
      // Totals that outlive the monitor have no known start.
      const startSeconds = origin === 'monitor' ? performance.timeOrigin / 1000 : undefined;
      return { startSeconds, endSeconds: this.#nowSeconds };
    }
    const known = this.#sandboxes.get(sandboxId);
    const ofProcess = origin === 'shim' ? this.#shimStarts.get(sandboxId) : undefined;
    const startSeconds = ofProcess ?? (origin === 'guest' ? known?.bootSeconds : undefined) ?? known?.startSeconds;
    const endSeconds = known?.readSeconds ?? this.#nowSeconds;
    // Clocks differ: a start after the end would be invalid.
    return { startSeconds: startSeconds === undefined ? undefined : Math.min(startSeconds, endSeconds), endSeconds };
  }
}

function toKnown({ startSeconds, readSeconds, uptimeSeconds }: SandboxTimes, before: Known | undefined): Known {
  const computed = readSeconds === null || uptimeSeconds === null ? Number.NaN : readSeconds - uptimeSeconds;
  // A guest may report any uptime: one from before 1970 would make the request invalid, with all other sandboxes.
  const boot = computed >= 0 ? computed : undefined;
  const uptime = boot === undefined ? undefined : (uptimeSeconds ?? undefined);
  // The time of the boot is not compared: the uptime stops while the machine is paused, and so do the counters.
  const isSameBoot = uptime === undefined || (before?.uptimeSeconds !== undefined && uptime >= before.uptimeSeconds);
  return {
    startSeconds: startSeconds ?? before?.startSeconds,
    readSeconds: readSeconds ?? undefined,
    bootSeconds: isSameBoot ? before?.bootSeconds : boot,
    uptimeSeconds: uptime ?? before?.uptimeSeconds,
  };
}
