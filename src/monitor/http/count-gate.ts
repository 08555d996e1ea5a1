/**
 * Limits concurrent requests; further requests are rejected immediately.
 */
import { PageError, type PageRequest } from './pages/page.ts';

export class CountGate {
  readonly #max: number;
  readonly #what: string;
  #running = 0;

  /** `what`: the requested resource, in the plural. */
  constructor(max: number, what: string) {
    this.#max = max;
    this.#what = what;
  }

  /**
   * Admits a request until its reply has been sent.
   * @throws {PageError} 503 when the limit of concurrent requests is reached.
   */
  enter({ finished }: PageRequest): void {
    if (this.#running >= this.#max) {
      throw new PageError(503, `Too many concurrent requests for ${this.#what}, limit ${this.#max}`);
    }
    this.#running += 1;
    void finished.then(() => {
      this.#running -= 1;
    });
  }
}
