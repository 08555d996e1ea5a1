/**
 * `/metrics/guest`: the exporters in the guests of the sandboxes.
 */
import { chooseEncoding } from '../accept.ts';
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
    const { status, headers, body } = await exporters.respond({
      accept: request.header('accept'),
      encoding: chooseEncoding(request.header('accept-encoding')),
      timeoutMs,
      signal: request.signal,
    });
    return { status, headers: { vary: 'Accept, Accept-Encoding', ...headers }, body };
  },
};
