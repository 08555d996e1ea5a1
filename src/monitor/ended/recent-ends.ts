/**
 * The sandboxes that have ended recently, to recognize a repeated end: that of a sandbox with two shims, and one that the
 * monitor has concluded before its last words arrived, or the other way round, also over a restart. Pure.
 */
import type { LastWords } from '../../last-words/index.ts';

export interface RecentEnd extends Pick<LastWords, 'endedMs' | 'epoch' | 'sandboxId'> {
  /** Empty where it is not known. */
  readonly podUid: string;
  /** Whether it is not from the shim that ran the sandbox, so that its epoch is no other sandbox's. */
  readonly isIndirect: boolean;
}

export interface NewEnd extends RecentEnd {
  /** Time until which the sandbox is known not to have lived, in milliseconds since 1970. */
  readonly startedMs: number;
}

/** Repeated ends come within minutes; that of a shim that was killed when its directory is removed. */
const MAX_RECENT = 1000;

export class RecentEnds {
  /** Ends by the id of the sandbox, the oldest first. */
  readonly #ends = new Map<string, RecentEnd>();

  /** Whether this end is that of a sandbox whose end is known. */
  isRepeated({ sandboxId, epoch, startedMs, isIndirect }: NewEnd): boolean {
    const known = this.#ends.get(sandboxId);
    return (
      known !== undefined && (known.epoch === epoch || ((known.isIndirect || isIndirect) && startedMs <= known.endedMs))
    );
  }

  /** Whether the pod has had an earlier sandbox. */
  hasPod(podUid: string): boolean {
    return [...this.#ends.values()].some((end) => end.podUid === podUid);
  }

  add({ sandboxId, epoch, endedMs, podUid, isIndirect }: RecentEnd): void {
    this.#ends.delete(sandboxId);
    this.#ends.set(sandboxId, { sandboxId, epoch, endedMs, podUid, isIndirect });
    const [oldest] = this.#ends.keys();
    if (this.#ends.size > MAX_RECENT && oldest !== undefined) {
      this.#ends.delete(oldest);
    }
  }

  list(): readonly RecentEnd[] {
    return [...this.#ends.values()];
  }
}

/** Reads an end from a state file; undefined if `list` cannot have returned it. */
export function readRecentEnd(value: unknown): RecentEnd | undefined {
  const { sandboxId, epoch, endedMs, podUid, isIndirect } = (value ?? {}) as Partial<Record<keyof RecentEnd, unknown>>;
  return typeof sandboxId === 'string' &&
    typeof epoch === 'string' &&
    typeof endedMs === 'number' &&
    typeof podUid === 'string' &&
    typeof isIndirect === 'boolean'
    ? { sandboxId, epoch, endedMs, podUid, isIndirect }
    : undefined;
}
