/**
 * The faults of one body: all are counted, the first ones are described. A fault that is found after the scan of the
 * lines gets its line number at the end.
 */
import { LF } from '../format/characters.ts';
import type { Fault, FaultReason } from '../format/fault.ts';

/** Further faults of one body are counted, not described: a hostile body must not buy memory with them. */
const MAX_DESCRIBED_FAULTS = 32;
/** Lines that are counted without a pause. */
const STEP_LINES = 1024;

export class FaultList {
  readonly described: Fault[] = [];
  readonly counts = new Map<FaultReason, number>();
  /** Offsets of described faults that were found after the walk, by their index in `described`. */
  readonly #lateOffsets = new Map<number, number>();

  /** `line` and `column` count from 1. */
  add(reason: FaultReason, line: number, column: number, family: string | undefined): void {
    if (this.#count(reason)) {
      const fault = { reason, line, column };
      this.described.push(family === undefined ? fault : { ...fault, family });
    }
  }

  /** `offset` of the line in the body; `findLateLines` finds its number. */
  addLate(reason: FaultReason, offset: number, family: string): void {
    if (this.#count(reason)) {
      this.#lateOffsets.set(this.described.length, offset);
      this.described.push({ reason, line: 0, column: 1, family });
    }
  }

  /** Whether the fault is to be described too. */
  #count(reason: FaultReason): boolean {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    return this.described.length < MAX_DESCRIBED_FAULTS;
  }

  /** Finds the positions of all late faults in one pass over the body. */
  *findLateLines(body: Buffer): Generator<void> {
    let at = 0;
    let lineNumber = 1;
    for (const [index, offset] of [...this.#lateOffsets].sort(([, a], [, b]) => a - b)) {
      for (let lf = body.indexOf(LF, at); lf >= 0 && lf < offset; lf = body.indexOf(LF, at)) {
        at = lf + 1;
        if (++lineNumber % STEP_LINES === 0) {
          yield;
        }
      }
      this.described[index] = { ...this.described[index]!, line: lineNumber };
    }
  }
}
