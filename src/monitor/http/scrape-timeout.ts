/**
 * How long one answer of /metrics may take: what the client says it waits, less a margin for the way back.
 */

export interface ScrapeTimeBounds {
  /** Most that is ever taken. */
  readonly scrapeTimeoutMs: number;
  /** Kept back from the client's own time. */
  readonly timeoutOffsetMs: number;
}

/**
 * Milliseconds for making an answer. `header` is `X-Prometheus-Scrape-Timeout-Seconds`: seconds, with a fraction; one that
 * is missing or makes no sense leaves the bound alone. A client in more haste than the offset gets half of its time.
 */
export function scrapeBudgetMs(header: string | undefined, bounds: ScrapeTimeBounds): number {
  const clientMs = readTimeoutMs(header);
  return clientMs === undefined
    ? bounds.scrapeTimeoutMs
    : Math.min(bounds.scrapeTimeoutMs, Math.max(clientMs - bounds.timeoutOffsetMs, clientMs / 2));
}

/** Milliseconds until the client, or anybody in its place, has given the answer up: whoever reads on is too slow. */
export function scrapeDeadlineMs(header: string | undefined, bounds: ScrapeTimeBounds): number {
  const mostMs = bounds.scrapeTimeoutMs + bounds.timeoutOffsetMs;
  return Math.min(mostMs, readTimeoutMs(header) ?? mostMs);
}

function readTimeoutMs(header: string | undefined): number | undefined {
  const clientMs = Number(header) * 1000;
  const isTime = header !== undefined && /^[0-9.]+(?:e[+-]?[0-9]{1,3})?$/i.test(header) && clientMs > 0;
  return isTime ? clientMs : undefined;
}
