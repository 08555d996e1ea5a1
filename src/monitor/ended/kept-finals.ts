/**
 * The sandboxes that have ended and whose final values are still served, within limits. Pure.
 */
import type { DropReason } from './drop-reason.ts';
import { encodeFinal, type FinalSandbox } from './final-sandbox.ts';

/** Maximum time since the monitor got them. A Prometheus server that was away for longer has lost more than these. */
const MAX_AGE_MS = 10 * 60_000;
const MAX_SANDBOXES = 1000;
/** Limit of the lines of the state file, whose size is about the memory that they take. */
const MAX_BYTES = 10 * 1024 * 1024;

interface Kept {
  readonly final: FinalSandbox;
  readonly line: string;
  /** Milliseconds of a clock that is never set. */
  readonly sinceMs: number;
}

export class KeptFinals {
  /** Final values in the order of their sequence numbers. */
  #kept: Kept[] = [];
  #bytes = 0;

  /** @param nowMs milliseconds of a clock that is never set. */
  add(final: FinalSandbox, nowMs: number): void {
    const line = encodeFinal(final);
    this.#kept.push({ final, line, sinceMs: nowMs });
    this.#bytes += line.length;
  }

  /** The next ones after a sequence number. */
  after(sequence: number, maxCount: number): FinalSandbox[] {
    const first = this.#kept.findIndex(({ final }) => final.sequence > sequence);
    return first < 0 ? [] : this.#kept.slice(first, first + maxCount).map(({ final }) => final);
  }

  lines(): readonly string[] {
    return this.#kept.map(({ line }) => line);
  }

  /** Drops those that every scraper has read, up to this sequence number. */
  release(sequence: number): void {
    this.#drop(this.#kept.findIndex(({ final }) => final.sequence > sequence));
  }

  /** Drops those above the limits, oldest first; returns how many, by the limit. */
  enforceLimits(nowMs: number): ReadonlyMap<DropReason, number> {
    const dropped = new Map<DropReason, number>();
    const drop = (reason: DropReason, count: number): void => {
      if (count > 0) {
        this.#drop(count);
        dropped.set(reason, count);
      }
    };
    const firstYoung = this.#kept.findIndex(({ sinceMs }) => nowMs - sinceMs <= MAX_AGE_MS);
    drop('age', firstYoung < 0 ? this.#kept.length : firstYoung);
    drop('count', Math.max(0, this.#kept.length - MAX_SANDBOXES));
    let excess = 0;
    for (let bytes = this.#bytes; bytes > MAX_BYTES; excess++) {
      bytes -= this.#kept[excess]!.line.length;
    }
    drop('bytes', excess);
    return dropped;
  }

  /** @param count from the oldest; below 0: all. */
  #drop(count: number): void {
    for (const { line } of this.#kept.splice(0, count < 0 ? this.#kept.length : count)) {
      this.#bytes -= line.length;
    }
  }
}
