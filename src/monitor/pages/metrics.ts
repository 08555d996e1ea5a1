/**
 * `/metrics`: reads the request, counts it, and leaves the answer to the answerer.
 */
import { acceptsGzip } from '../accept.ts';
import type { MetricsAnswer, MetricsQuestion } from '../metrics-answerer.ts';
import { scrapeBudgetMs } from '../scrape-timeout.ts';
import { readMetricsQuery } from './metrics-query.ts';
import { type Page, PageError, type PageParts, type PageReply, type PageRequest } from './page.ts';

export const metricsPage: Page = {
  path: '/metrics',
  about:
    "The monitor's families and those of every sandbox; ?sandbox=<id> one sandbox's, ?collect[]=<prefix> or ?exclude[]=<prefix> a part",
  needsSandbox: false,
  isAdmin: false,
  answer: async (request, parts) => {
    const record = parts.ownMetrics.begin();
    let isAnswered = false;
    try {
      checkRunning(parts);
      const answer = await parts.answerer.answer(await toQuestion(request, parts));
      isAnswered = answer.status < 500 && answer.isComplete !== false;
      return toReply(answer);
    } finally {
      void request.finished.then(({ isComplete }) => record.end({ isComplete: isComplete && isAnswered }));
    }
  },
};

/** @throws {PageError} 503 when too many requests for /metrics are under way; this one is among them. */
function checkRunning({ ownMetrics, bounds }: PageParts): void {
  if (ownMetrics.runningCount > bounds.webMaxRequests) {
    throw new PageError(503, `Too many requests for /metrics at once: at most ${bounds.webMaxRequests} are answered`);
  }
}

async function toQuestion(request: PageRequest, parts: PageParts): Promise<MetricsQuestion> {
  return {
    ...(await readMetricsQuery(request, parts)),
    accept: request.header('accept'),
    acceptsGzip: acceptsGzip(request.header('accept-encoding')),
    timeoutMs: scrapeBudgetMs(request.header('x-prometheus-scrape-timeout-seconds'), parts.bounds),
    signal: request.signal,
  };
}

function toReply({ status, headers, body }: MetricsAnswer): PageReply {
  return { status, headers: { vary: 'Accept, Accept-Encoding', ...headers }, body };
}
