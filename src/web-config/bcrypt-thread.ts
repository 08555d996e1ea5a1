/**
 * Compares passwords with bcrypt hashes in a thread that the first request starts. Limited: a client that tries passwords
 * faster than they can be checked is refused, not queued.
 */
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { allowOptimization } from '../program/lean-heap.ts';

export interface PasswordComparer {
  /** Undefined when too many are waiting. */
  compare(password: string, hash: string): Promise<boolean> | undefined;
  close(): Promise<void>;
}

/**
 * Limit of waiting passwords. At cost 10, the last one waits for 5 s if all are wrong; a client that scrapes gives up
 * later.
 */
const MAX_WAITING = 16;

export class BcryptThread implements PasswordComparer {
  #worker: Worker | undefined;
  #nextId = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers<boolean>>();

  compare(password: string, hash: string): Promise<boolean> | undefined {
    if (this.#waiting.size >= MAX_WAITING) {
      return undefined;
    }
    const id = this.#nextId++;
    const response = Promise.withResolvers<boolean>();
    this.#waiting.set(id, response);
    this.#start().postMessage({ id, password, hash });
    return response.promise;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker === undefined) {
      // For the whole process: bcrypt takes ten times as long otherwise.
      allowOptimization();
      const { dirname, filename } = import.meta;
      const worker = new Worker(join(dirname, `bcrypt-worker${extname(filename)}`));
      worker.on('message', ({ id, isRight }: { id: number; isRight: boolean }) => {
        this.#waiting.get(id)?.resolve(isRight);
        this.#waiting.delete(id);
      });
      worker.on('error', (error) => this.#fail(error));
      worker.on('exit', () => this.#fail(new Error('Thread for passwords has ended')));
      worker.unref();
      this.#worker = worker;
    }
    return this.#worker;
  }

  #fail(error: unknown): void {
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) {
      reject(error);
    }
    this.#waiting.clear();
  }
}
