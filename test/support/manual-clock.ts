/**
 * A clock that a test moves by hand: it satisfies the clock of every module that has one.
 */
export class ManualClock {
  #nowMs = 1_000_000;
  readonly #waiting = new Set<{ readonly atMs: number; readonly run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const waiting = { atMs: this.#nowMs + delayMs, run };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  /** Milliseconds until each thing that is waited for, the next first. */
  get delaysMs(): number[] {
    return [...this.#waiting].map(({ atMs }) => atMs - this.#nowMs).sort((a, b) => a - b);
  }

  /** Lets time pass, and runs what is due, in its order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#waiting].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) {
        break;
      }
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = endMs;
  }
}
