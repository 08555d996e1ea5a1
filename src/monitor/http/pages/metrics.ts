/**
 * `/metrics`: parses the request, counts it, and delegates the response.
 */

import type { MetricsRequest } from '../../answer/metrics-responder.ts';
import { readMetricsQuery } from './metrics-query.ts';
import { toNodeRequest, toReply } from './node-reply.ts';
import { type Page, PageError, type PageParts, type PageRequest } from './page.ts';

/** Longest text that identifies a scraper, in characters. The client chooses it. */
const MAX_KEY_LENGTH = 512;

export const metricsPage: Page = {
  path: '/metrics',
  about:
    'Metrics of the monitor and of every sandbox; ?sandbox=<id> for one sandbox, ?collect[]=<prefix> or ?exclude[]=<prefix> for a part',
  needsSandbox: false,
  isAdmin: false,
  handle: async (request, parts) => {
    const record = parts.ownMetrics.begin();
    let isMade = true;
    try {
      const timeoutMs = parts.scrapeGate.enter(request);
      return toReply(await parts.responder.respond(await toMetricsRequest(request, parts, timeoutMs)));
    } catch (error) {
      // As in the Go monitor, a failure is a response that could not be generated, not a sandbox that is unhealthy or gone:
      // alerts on this counter are about the monitor.
      isMade = error instanceof PageError && error.status < 500;
      throw error;
    } finally {
      void request.finished.then(({ isComplete }) => record.end({ isComplete: isComplete && isMade }));
    }
  },
};

async function toMetricsRequest(request: PageRequest, parts: PageParts, timeoutMs: number): Promise<MetricsRequest> {
  return {
    ...(await readMetricsQuery(request, parts)),
    ...toNodeRequest(request, timeoutMs),
    ...(request.isHead !== true && { scraper: { key: identify(request), finished: request.finished } }),
  };
}

/**
 * Tells scrapers apart, so that each gets the final values of ended sandboxes: by the address, that in front of a proxy
 * included, the program, and what it requests.
 */
function identify({ from = '', query, header }: PageRequest): string {
  return [from, header('user-agent'), query].join(' ').slice(0, MAX_KEY_LENGTH);
}
