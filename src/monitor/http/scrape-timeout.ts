/**
 * How long a response of /metrics may take: the scrape timeout of the client, minus a margin for the transfer.
 */

export interface ScrapeTimeLimits {
  /** Upper limit. */
  readonly scrapeTimeoutMs: number;
  /** Subtracted from the timeout of the client. */
  readonly timeoutOffsetMs: number;
}

/**
 * Milliseconds for generating a response. `header` is `X-Prometheus-Scrape-Timeout-Seconds`: seconds, with a fraction. If it
 * is missing or invalid, the upper limit applies. A client whose timeout is below twice the offset gets half of it.
 */
export function scrapeBudgetMs(header: string | undefined, limits: ScrapeTimeLimits): number {
  const clientMs = readTimeoutMs(header);
  return clientMs === undefined
    ? limits.scrapeTimeoutMs
    : Math.min(limits.scrapeTimeoutMs, Math.max(clientMs - limits.timeoutOffsetMs, clientMs / 2));
}

/** Milliseconds until the client has timed out, or any client would have; a client that still reads then is disconnected. */
export function scrapeDeadlineMs(header: string | undefined, limits: ScrapeTimeLimits): number {
  const mostMs = limits.scrapeTimeoutMs + limits.timeoutOffsetMs;
  return Math.min(mostMs, readTimeoutMs(header) ?? mostMs);
}

function readTimeoutMs(header: string | undefined): number | undefined {
  const clientMs = Number(header) * 1000;
  const isTime = header !== undefined && /^[0-9.]+(?:e[+-]?[0-9]{1,3})?$/i.test(header) && clientMs > 0;
  return isTime ? clientMs : undefined;
}
