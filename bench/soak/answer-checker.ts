/**
 * Gives responses to the checking thread one after the other, and collects what is wrong with them.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CheckedAnswer } from './check-answer.ts';
import type { CheckOrder } from './check-worker.ts';

export class AnswerChecker {
  readonly #worker = new Worker(join(import.meta.dirname, 'check-worker.ts'));
  #last: Promise<CheckedAnswer> = Promise.resolve({ breaches: [], slowCount: 0 });

  /** Its bytes are taken away from the caller. */
  check(order: CheckOrder): Promise<CheckedAnswer> {
    this.#last = this.#last.then(async () => {
      this.#worker.postMessage(order);
      const [checked] = (await once(this.#worker, 'message')) as [CheckedAnswer];
      return checked;
    });
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#worker.terminate();
  }
}
