/**
 * Every path that the monitor serves: a page is a row here. The caller chooses the pages of an address.
 */
import { agentUrlPage } from './pages/agent-url.ts';
import { apiPagesOf } from './pages/api.ts';
import { cadvisorPage } from './pages/cadvisor.ts';
import { debugVarsPage, profilePage } from './pages/debug.ts';
import { eventsPage } from './pages/events.ts';
import { exportersPage } from './pages/exporters.ts';
import { healthPage, readyPage } from './pages/health.ts';
import { indexPageOf } from './pages/index-page.ts';
import { metricsPage } from './pages/metrics.ts';
import { type Page, PageError, type PageParts } from './pages/page.ts';
import { pageFilesPage } from './pages/page-files.ts';
import { sandboxesPageOf } from './pages/sandboxes.ts';

/**
 * `metrics`: for every client that may read metrics. `people`: the page and its API. `admin`: pages that expose more of a
 * sandbox than metrics.
 */
export type PageGroup = 'admin' | 'metrics' | 'people';

const ofOneSandbox: readonly Page[] = [agentUrlPage, debugVarsPage, profilePage];

/** All pages, for a single address. */
export const pages: readonly Page[] = pagesExcept({});

/** The pages of an address without some groups; `withheld` tells a client why it does not get the pages of a group. */
export function pagesExcept(withheld: Partial<Record<PageGroup, string>>): readonly Page[] {
  const isHere = (page: Page): boolean => withheld[groupOf(page)] === undefined;
  const linked = [metricsPage, ...ofOneSandbox].filter(isHere);
  const listed = [
    metricsPage,
    cadvisorPage,
    exportersPage,
    sandboxesPageOf(linked),
    healthPage,
    readyPage,
    ...apiPagesOf({ hasEvents: true }),
    eventsPage,
    ...ofOneSandbox,
  ];
  const here = listed.filter(isHere);
  const served = [indexPageOf(here, { hasApp: withheld.people === undefined }), ...here];
  const elsewhere = [...listed, pageFilesPage].filter((page) => !isHere(page));
  return [
    ...served,
    ...(withheld.people === undefined ? [pageFilesPage] : []),
    ...elsewhere.map((page) => withhold(page, withheld[groupOf(page)] ?? '')),
  ];
}

const apiPagesForPeople = apiPagesOf({ hasEvents: false });

/** Only the page and its API, for a program that reads the sandboxes elsewhere. */
export const pagesForPeople: readonly Page<Pick<PageParts, 'api'>>[] = [
  indexPageOf([...apiPagesForPeople, healthPage], { hasApp: true, title: 'Kata sandboxes' }),
  ...apiPagesForPeople,
  healthPage,
  pageFilesPage,
];

function groupOf({ isAdmin, isForPeople }: Pick<Page, 'isAdmin' | 'isForPeople'>): PageGroup {
  return isAdmin ? 'admin' : isForPeople === true ? 'people' : 'metrics';
}

function withhold(page: Page, why: string): Page {
  return {
    ...page,
    handle: async () => {
      throw new PageError(404, `This page is not served on this address. ${why}`);
    },
  };
}
