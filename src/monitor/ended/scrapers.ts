/**
 * The scrapers of this monitor, and which ended sandboxes each of them has read: two Prometheus servers that scrape one
 * target must both get the final values. Pure.
 */

/** A client that has not scraped for this long is no longer a scraper; few scrape intervals are longer. */
const ACTIVE_MS = 5 * 60_000;
/**
 * Limit of scrapers, more than scrape one monitor: clients that change their name at each request must not fill the memory.
 */
const MAX_SCRAPERS = 64;

export interface ScraperState {
  readonly key: string;
  /** The highest sequence number that it has read. */
  readonly seen: number;
}

interface Scraper {
  seen: number;
  /** When its last request began, in the time of the caller. */
  atMs: number;
}

export class Scrapers {
  /** The least recent one first. */
  readonly #scrapers = new Map<string, Scraper>();

  has(key: string): boolean {
    return this.#scrapers.has(key);
  }

  /** Records a request; returns the highest sequence number that the scraper has read. */
  begin(key: string, nowMs: number): number {
    const seen = this.#scrapers.get(key)?.seen ?? 0;
    this.#scrapers.delete(key);
    this.#scrapers.set(key, { seen, atMs: nowMs });
    const [oldest] = this.#scrapers.keys();
    if (this.#scrapers.size > MAX_SCRAPERS && oldest !== undefined) {
      this.#scrapers.delete(oldest);
    }
    return seen;
  }

  /** Records that a response was sent completely. */
  note(key: string, seen: number): void {
    const scraper = this.#scrapers.get(key);
    if (scraper !== undefined) {
      scraper.seen = Math.max(scraper.seen, seen);
    }
  }

  /** The highest sequence number that every scraper of the last minutes has read; 0 when there is none. */
  seenByAll(nowMs: number): number {
    for (const [key, { atMs }] of this.#scrapers) {
      if (nowMs - atMs > ACTIVE_MS) {
        this.#scrapers.delete(key);
      }
    }
    const seen = [...this.#scrapers.values()].map((scraper) => scraper.seen);
    return seen.length === 0 ? 0 : Math.min(...seen);
  }

  list(): readonly ScraperState[] {
    return [...this.#scrapers].map(([key, { seen }]) => ({ key, seen }));
  }

  /** Scrapers of an earlier process: they have time to come again. */
  restore(states: readonly ScraperState[], nowMs: number): void {
    for (const { key, seen } of states.slice(-MAX_SCRAPERS)) {
      this.#scrapers.set(key, { seen, atMs: nowMs });
    }
  }
}
