/**
 * What every page of figures is held to: so many requests at once, so much time for each, and a client that reads too
 * slowly is not waited for.
 */
import { type Gate, PageError, type PageRequest } from './pages/page.ts';
import { type ScrapeTimeBounds, scrapeBudgetMs, scrapeDeadlineMs } from './scrape-timeout.ts';

export interface ScrapeGateBounds extends ScrapeTimeBounds {
  readonly webMaxRequests: number;
}

export class ScrapeGate implements Gate {
  readonly #bounds: ScrapeGateBounds;
  #runningCount = 0;

  constructor(bounds: ScrapeGateBounds) {
    this.#bounds = bounds;
  }

  /**
   * Lets a request in until its reply has gone out, and gives the milliseconds that making the reply may take.
   * @throws {PageError} 503 when too many are under way.
   */
  enter(request: PageRequest): number {
    const { webMaxRequests } = this.#bounds;
    if (this.#runningCount >= webMaxRequests) {
      throw new PageError(503, `Too many requests for /metrics at once: at most ${webMaxRequests} are answered`);
    }
    this.#runningCount += 1;
    const header = request.header('x-prometheus-scrape-timeout-seconds');
    const cutOff = setTimeout(request.cutOff, scrapeDeadlineMs(header, this.#bounds));
    void request.finished.then(() => {
      clearTimeout(cutOff);
      this.#runningCount -= 1;
    });
    return scrapeBudgetMs(header, this.#bounds);
  }
}
