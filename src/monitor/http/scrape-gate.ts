/**
 * The limits of every page of metrics: the number of concurrent requests, and the time of each, after which a slow client is
 * disconnected.
 */
import { type Gate, PageError, type PageRequest } from './pages/page.ts';
import { type ScrapeTimeLimits, scrapeBudgetMs, scrapeDeadlineMs } from './scrape-timeout.ts';

export interface ScrapeGateLimits extends ScrapeTimeLimits {
  readonly webMaxRequests: number;
}

export class ScrapeGate implements Gate {
  readonly #limits: ScrapeGateLimits;
  readonly #what: string;
  #runningCount = 0;

  /** `what`: the path of the pages that share the limit. */
  constructor(limits: ScrapeGateLimits, what = '/metrics') {
    this.#limits = limits;
    this.#what = what;
  }

  /**
   * Admits a request until its reply has been sent, and returns the milliseconds for generating the reply.
   * @throws {PageError} 503 when the limit of concurrent requests is reached.
   */
  enter(request: PageRequest): number {
    const { webMaxRequests } = this.#limits;
    if (this.#runningCount >= webMaxRequests) {
      throw new PageError(503, `Too many concurrent requests for ${this.#what}, limit ${webMaxRequests}`);
    }
    this.#runningCount += 1;
    const header = request.header('x-prometheus-scrape-timeout-seconds');
    const cutOff = setTimeout(request.cutOff, scrapeDeadlineMs(header, this.#limits));
    void request.finished.then(() => {
      clearTimeout(cutOff);
      this.#runningCount -= 1;
    });
    return scrapeBudgetMs(header, this.#limits);
  }
}
