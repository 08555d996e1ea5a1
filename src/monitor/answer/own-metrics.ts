/**
 * What the monitor counts of its own work: requests for /metrics, how many failed, how long they took. The route counts;
 * the scrape prints.
 */
import { Counter, Histogram, Registry } from 'prom-client';
import { catalog, type FamilyName } from '../../catalog/index.ts';
import { type CatalogFamily, collectFromPromClient, singleFamily } from '../../collectors/index.ts';

/** The bounds that the monitor we replace has: 1, 2, 4, ... 512 ms. */
const durationBucketsMs = Array.from({ length: 10 }, (_, i) => 2 ** i);

/** One request for /metrics, from its start. */
export interface ScrapeRecord {
  /** To be called once, when the answer has gone out or failed. */
  end(outcome: { readonly isComplete: boolean }): void;
}

export class OwnMetrics {
  readonly #registry = new Registry();
  readonly #scrapes = new Counter(named('kata_monitor_scrape_count', this.#registry));
  readonly #failedScrapes = new Counter(named('kata_monitor_scrape_failed_count', this.#registry));
  readonly #durations = new Histogram({
    ...named('kata_monitor_scrape_durations_histogram_milliseconds', this.#registry),
    buckets: durationBucketsMs,
  });
  readonly #countSandboxes: () => number;
  readonly #countNotAsked: () => number;

  /** Both are asked at each scrape; `countNotAsked` is of the sandboxes over the bound. */
  constructor(countSandboxes: () => number, countNotAsked: () => number = () => 0) {
    this.#countSandboxes = countSandboxes;
    this.#countNotAsked = countNotAsked;
  }

  /** Counts a request that begins now. */
  begin(): ScrapeRecord {
    const startMs = performance.now();
    this.#scrapes.inc();
    return {
      end: ({ isComplete }) => {
        this.#durations.observe(performance.now() - startMs);
        if (!isComplete) {
          this.#failedScrapes.inc();
        }
      },
    };
  }

  async collect(): Promise<CatalogFamily[]> {
    const counted = await collectFromPromClient(this.#registry);
    return [
      ...counted,
      singleFamily('kata_monitor_running_shim_count', this.#countSandboxes()),
      singleFamily('kata_monitor_sandboxes_not_asked', this.#countNotAsked()),
    ];
  }
}

function named<N extends FamilyName>(name: N, registry: Registry): { name: N; help: string; registers: Registry[] } {
  return { name, help: catalog[name].help, registers: [registry] };
}
