/**
 * `/metrics/guest`: the exporters in the guests of the sandboxes.
 */
import { toNodeRequest, toReply } from './node-reply.ts';
import { type Page, PageError } from './page.ts';

export const exportersPage: Page = {
  path: '/metrics/guest',
  about: 'Metrics of exporters in the guests, as configured by --guest-exporter',
  needsSandbox: false,
  isAdmin: false,
  handle: async (request, { exporters, scrapeGate }) => {
    if (exporters === undefined) {
      throw new PageError(404, 'No exporters are configured: use --guest-exporter <name>=<port>');
    }
    const timeoutMs = scrapeGate.enter(request);
    return toReply(await exporters.respond(toNodeRequest(request, timeoutMs)));
  },
};
