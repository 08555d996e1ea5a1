/**
 * One scrape of a monitor, as Prometheus would send it. Used by all benches.
 */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';

export interface ScrapeRequest {
  readonly isGzip: boolean;
  /** How long the client says that it waits; default: it does not say. */
  readonly timeoutMs?: number;
  /** Whether the connection is only for this scrape; default: kept for the next one. */
  readonly isAlone?: boolean;
}

/** Resolves when the head of the response is there. Rejects for any status but 200. */
export async function requestScrape(
  url: string,
  { isGzip, timeoutMs, isAlone }: ScrapeRequest,
): Promise<IncomingMessage> {
  const headers = {
    ...(isGzip ? { 'accept-encoding': 'gzip' } : {}),
    ...(timeoutMs === undefined ? {} : { 'x-prometheus-scrape-timeout-seconds': String(timeoutMs / 1000) }),
  };
  const [response] = (await once(get(url, { headers, ...(isAlone === true ? { agent: false } : {}) }), 'response')) as [
    IncomingMessage,
  ];
  if (response.statusCode !== 200) {
    throw new Error(`Cannot scrape ${url}: status ${response.statusCode}`);
  }
  return response;
}
