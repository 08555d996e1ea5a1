/**
 * `/metrics`: reads the request, counts it, and leaves the answer to the answerer.
 */

import type { MetricsAnswer, MetricsQuestion } from '../../answer/metrics-answerer.ts';
import { acceptsGzip } from '../accept.ts';
import { readMetricsQuery } from './metrics-query.ts';
import type { Page, PageParts, PageReply, PageRequest } from './page.ts';

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
      const timeoutMs = parts.scrapeGate.enter(request);
      const answer = await parts.answerer.answer(await toQuestion(request, parts, timeoutMs));
      isAnswered = answer.status < 500 && answer.isComplete !== false;
      return toReply(answer);
    } finally {
      void request.finished.then(({ isComplete }) => record.end({ isComplete: isComplete && isAnswered }));
    }
  },
};

async function toQuestion(request: PageRequest, parts: PageParts, timeoutMs: number): Promise<MetricsQuestion> {
  return {
    ...(await readMetricsQuery(request, parts)),
    accept: request.header('accept'),
    acceptsGzip: acceptsGzip(request.header('accept-encoding')),
    timeoutMs,
    signal: request.signal,
  };
}

function toReply({ status, headers, body }: MetricsAnswer): PageReply {
  return { status, headers: { vary: 'Accept, Accept-Encoding', ...headers }, body };
}
