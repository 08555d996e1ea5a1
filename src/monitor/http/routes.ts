/**
 * Every path that the monitor serves: a page is a row here. The caller chooses the pages of an address.
 */
import { agentUrlPage } from './pages/agent-url.ts';
import { cadvisorPage } from './pages/cadvisor.ts';
import { debugVarsPage, profilePage } from './pages/debug.ts';
import { healthPage, readyPage } from './pages/health.ts';
import { indexPageOf } from './pages/index-page.ts';
import { metricsPage } from './pages/metrics.ts';
import { type Page, PageError } from './pages/page.ts';
import { sandboxesPageOf } from './pages/sandboxes.ts';

const ofOneSandbox: readonly Page[] = [agentUrlPage, debugVarsPage, profilePage];

/** All pages, for a single address. */
export const pages: readonly Page[] = pagesWhere(() => true, '');

/** The pages of the admin address. */
export const adminPages: readonly Page[] = pagesWhere(({ isAdmin }) => isAdmin, 'It is served on --listen-address');

/** The pages for every client that may read metrics; `whereAdmin` tells a client where the admin pages are. */
export function publicPages(whereAdmin: string): readonly Page[] {
  return pagesWhere(({ isAdmin }) => !isAdmin, whereAdmin);
}

function pagesWhere(isHere: (page: Page) => boolean, whereElse: string): readonly Page[] {
  const linked = [metricsPage, ...ofOneSandbox].filter(isHere);
  const listed = [metricsPage, cadvisorPage, sandboxesPageOf(linked), healthPage, readyPage, ...ofOneSandbox];
  const here = listed.filter(isHere);
  const elsewhere = listed.filter((page) => !isHere(page)).map((page) => withheld(page, whereElse));
  return [indexPageOf(here), ...here, ...elsewhere];
}

function withheld(page: Page, whereElse: string): Page {
  return {
    ...page,
    handle: async () => {
      throw new PageError(404, `This page is not served on this address. ${whereElse}`);
    },
  };
}
