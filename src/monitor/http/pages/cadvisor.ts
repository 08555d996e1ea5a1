/**
 * `/metrics/cadvisor`: the containers of Kata sandboxes, under the names that dashboards of cAdvisor query.
 */
import { toNodeRequest, toReply } from './node-reply.ts';
import type { Page } from './page.ts';

export const cadvisorPage: Page = {
  path: '/metrics/cadvisor',
  about: 'Metrics of the containers of all sandboxes, from the container manager, under the names of cAdvisor',
  needsSandbox: false,
  isAdmin: false,
  handle: async (request, { responder, scrapeGate }) => {
    const timeoutMs = scrapeGate.enter(request);
    return toReply(await responder.respondContainers(toNodeRequest(request, timeoutMs)));
  },
};
