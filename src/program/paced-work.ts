/**
 * Does work on foreign bytes in small parts, so that the event loop is never blocked for long: of all jobs together only
 * for one slice in each of its turns. Jobs are generators that yield after each small part of their work.
 */

/**
 * Without a pause; one part of a job can take longer, for a job is only stopped where it yields. Enough for the bodies of 64
 * shims that arrive together: with less, each of them waits in its own buffer.
 */
const DEFAULT_SLICE_MS = 16;
/** After so much time the next job has its turn: a large one costs small ones no more than this. */
const QUANTUM_MS = 2;

export interface PacedWorkOptions {
  /** Default: 16. */
  readonly sliceMs?: number;
  /** Default: `performance.now`. */
  readonly now?: () => number;
  /** Calls `run` in the next turn of the event loop. Default: `setImmediate`. */
  readonly defer?: (run: () => void) => void;
}

interface Job {
  readonly steps: Generator<unknown, unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class PacedWork {
  readonly #sliceMs: number;
  readonly #now: () => number;
  readonly #defer: (run: () => void) => void;
  readonly #jobs: Job[] = [];
  /** Time that this turn of the event loop has worked, in milliseconds. */
  #workedMs = 0;
  #isTurnOpen = false;

  constructor({
    sliceMs = DEFAULT_SLICE_MS,
    now = () => performance.now(),
    defer = deferImmediate,
  }: PacedWorkOptions = {}) {
    this.#sliceMs = sliceMs;
    this.#now = now;
    this.#defer = defer;
  }

  /**
   * The result of a job: begun at once where nothing waits and time is left in this turn, so that a small one is over
   * when this returns.
   * @throws what the job throws.
   */
  run<T>(steps: Generator<unknown, T>): Promise<T> {
    if (this.#jobs.length === 0 && this.#workedMs < this.#sliceMs) {
      return this.#runFirst(steps);
    }
    return this.#queue(steps);
  }

  /** Makes no job of one that is over in its first part, as most are. */
  #runFirst<T>(steps: Generator<unknown, T>): Promise<T> {
    this.#openTurn();
    const startMs = this.#now();
    try {
      const step = steps.next();
      if (step.done === true) {
        return Promise.resolve(step.value);
      }
    } catch (error) {
      return Promise.reject(error as Error);
    } finally {
      this.#workedMs += this.#now() - startMs;
    }
    return this.#queue(steps);
  }

  #queue<T>(steps: Generator<unknown, T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ steps, resolve: resolve as (value: unknown) => void, reject });
      this.#openTurn();
      if (this.#jobs.length === 1) {
        this.#work();
      }
    });
  }

  /** Jobs that are not done. */
  get waiting(): number {
    return this.#jobs.length;
  }

  #openTurn(): void {
    if (!this.#isTurnOpen) {
      this.#isTurnOpen = true;
      this.#defer(() => {
        this.#isTurnOpen = false;
        this.#workedMs = 0;
        if (this.#jobs.length > 0) {
          this.#openTurn();
          this.#work();
        }
      });
    }
  }

  /** Works until nothing is left to do or the slice is over. */
  #work(): void {
    while (this.#jobs.length > 0 && this.#workedMs < this.#sliceMs) {
      const job = this.#jobs.shift()!;
      const startMs = this.#now();
      const isDone = this.#advance(job, startMs + Math.min(QUANTUM_MS, this.#sliceMs - this.#workedMs));
      this.#workedMs += this.#now() - startMs;
      if (!isDone) {
        this.#jobs.push(job);
      }
    }
  }

  #advance({ steps, resolve, reject }: Job, untilMs: number): boolean {
    try {
      do {
        const step = steps.next();
        if (step.done === true) {
          resolve(step.value);
          return true;
        }
      } while (this.#now() < untilMs);
      return false;
    } catch (error) {
      reject(error);
      return true;
    }
  }
}

function deferImmediate(run: () => void): void {
  setImmediate(run);
}
