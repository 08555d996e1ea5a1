/**
 * Gives responses to the checking thread one after the other, and collects what is wrong with them.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CheckOrder } from './check-worker.ts';

export class AnswerChecker {
  readonly #worker = new Worker(join(import.meta.dirname, 'check-worker.ts'));
  #last: Promise<string[]> = Promise.resolve([]);

  /** What is wrong with a response, one sentence each. Its bytes are taken away from the caller. */
  check(order: CheckOrder): Promise<string[]> {
    this.#last = this.#last.then(async () => {
      this.#worker.postMessage(order);
      const [breaches] = (await once(this.#worker, 'message')) as [string[]];
      return breaches;
    });
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#worker.terminate();
  }
}
