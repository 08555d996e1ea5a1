/**
 * Steps to undo at the end, in reverse order. If one step fails, the others are still executed. (AsyncDisposableStack
 * does the same, but Node.js 22 does not have it.)
 */
import type { Log } from '../../program/index.ts';

export class CleanUp {
  readonly #steps: (() => Promise<void> | void)[] = [];
  #running: Promise<void> | undefined;

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  /**
   * Calling it again joins the first.
   * @throws the first failure when all steps are done.
   */
  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }
}

/**
 * Resolves to what `start` does. When `start` rejects, the steps that it has added are done, and the result rejects with the same
 * error: the first failure is the one to report. A failure of the steps goes to the log.
 */
export async function startOrCleanUp<T>(log: Pick<Log, 'error'>, start: (undo: CleanUp) => Promise<T>): Promise<T> {
  const undo = new CleanUp();
  try {
    return await start(undo);
  } catch (error) {
    await undo.run().catch((later: unknown) => log.error(`Cannot clean up: ${String(later)}`));
    throw error;
  }
}
