/**
 * `/metrics/cadvisor`: the containers of Kata sandboxes, under the names that dashboards of cAdvisor query.
 */
import { chooseEncoding } from '../accept.ts';
import type { Page } from './page.ts';

export const cadvisorPage: Page = {
  path: '/metrics/cadvisor',
  about: 'Metrics of the containers of all sandboxes, from the container manager, under the names of cAdvisor',
  needsSandbox: false,
  isAdmin: false,
  handle: async (request, { responder, scrapeGate }) => {
    const timeoutMs = scrapeGate.enter(request);
    const { status, headers, body } = await responder.respondContainers({
      accept: request.header('accept'),
      encoding: chooseEncoding(request.header('accept-encoding')),
      timeoutMs,
      signal: request.signal,
    });
    return { status, headers: { vary: 'Accept, Accept-Encoding', ...headers }, body };
  },
};
