/**
 * Metrics of the monitor's own work: requests for /metrics, failures and durations. Updated by the route, exported by the
 * scrape.
 */
import { type CatalogFamily, PlainCounter, PlainHistogram, singleFamily } from '../../collectors/index.ts';

/** The bucket boundaries of the Go monitor: 1, 2, 4, ... 512 ms. */
const durationBucketsMs = Array.from({ length: 10 }, (_, i) => 2 ** i);

/** A request for /metrics in progress. */
export interface ScrapeRecord {
  /** Called once, when the response has been sent or has failed. */
  end(outcome: { readonly isComplete: boolean }): void;
}

export class OwnMetrics {
  readonly #scrapes = new PlainCounter('kata_monitor_scrape_count');
  readonly #failedScrapes = new PlainCounter('kata_monitor_scrape_failed_count');
  readonly #durations = new PlainHistogram('kata_monitor_scrape_durations_histogram_milliseconds', durationBucketsMs);
  readonly #countSandboxes: () => number;
  readonly #countExcess: () => number;

  /** Both are called at each scrape; `countExcess` counts the sandboxes over --max-sandboxes. */
  constructor(countSandboxes: () => number, countExcess: () => number = () => 0) {
    this.#countSandboxes = countSandboxes;
    this.#countExcess = countExcess;
  }

  /** Counts a request that starts now. */
  begin(): ScrapeRecord {
    const startMs = performance.now();
    this.#scrapes.add();
    return {
      end: ({ isComplete }) => {
        this.#durations.observe(performance.now() - startMs);
        if (!isComplete) {
          this.#failedScrapes.add();
        }
      },
    };
  }

  collect(): CatalogFamily[] {
    return [
      this.#scrapes.collect(),
      this.#failedScrapes.collect(),
      this.#durations.collect(),
      singleFamily('kata_monitor_running_shim_count', this.#countSandboxes()),
      singleFamily('kata_monitor_sandboxes_not_asked', this.#countExcess()),
    ];
  }
}
