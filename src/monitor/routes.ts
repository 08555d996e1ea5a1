/**
 * Every path that the monitor answers: a page is a row here.
 */
import { agentUrlPage } from './pages/agent-url.ts';
import { debugVarsPage, profilePage } from './pages/debug.ts';
import { healthPage, readyPage } from './pages/health.ts';
import { indexPageOf } from './pages/index-page.ts';
import { metricsPage } from './pages/metrics.ts';
import type { Page } from './pages/page.ts';
import { sandboxesPage } from './pages/sandboxes.ts';

const listed: readonly Page[] = [
  metricsPage,
  sandboxesPage,
  healthPage,
  readyPage,
  agentUrlPage,
  debugVarsPage,
  profilePage,
];

export const pages: readonly Page[] = [indexPageOf(listed), ...listed];
