/**
 * `/metrics/cadvisor`: the containers of Kata sandboxes, under the names that dashboards of cAdvisor ask for.
 */
import { acceptsGzip } from '../accept.ts';
import { scrapeBudgetMs } from '../scrape-timeout.ts';
import type { Page } from './page.ts';

export const cadvisorPage: Page = {
  path: '/metrics/cadvisor',
  about: 'Containers of the sandboxes as the container manager sees them now, under the names of cAdvisor',
  needsSandbox: false,
  isAdmin: false,
  answer: async (request, { answerer, bounds }) => {
    const { status, headers, body } = await answerer.answerContainers({
      accept: request.header('accept'),
      acceptsGzip: acceptsGzip(request.header('accept-encoding')),
      timeoutMs: scrapeBudgetMs(request.header('x-prometheus-scrape-timeout-seconds'), bounds),
      signal: request.signal,
    });
    return { status, headers: { vary: 'Accept, Accept-Encoding', ...headers }, body };
  },
};
