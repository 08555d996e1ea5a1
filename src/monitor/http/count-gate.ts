/**
 * Lets a number of requests in at the same time; others are refused at once.
 */
import { PageError, type PageRequest } from './pages/page.ts';

export class CountGate {
  readonly #max: number;
  readonly #what: string;
  #running = 0;

  /** `what` is what the requests are for, in the plural. */
  constructor(max: number, what: string) {
    this.#max = max;
    this.#what = what;
  }

  /**
   * Lets a request in until its reply has gone out.
   * @throws {PageError} 503 when as many are under way as may be.
   */
  enter({ finished }: PageRequest): void {
    if (this.#running >= this.#max) {
      throw new PageError(503, `Too many requests for ${this.#what} at once: at most ${this.#max} are answered`);
    }
    this.#running += 1;
    void finished.then(() => {
      this.#running -= 1;
    });
  }
}
