/**
 * The table of `up`: asks the monitor, as any client would, and shows what its answer says.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { askMonitor } from './ask-monitor.ts';
import type { LiveText } from './live-text.ts';
import { formatOverview, type Overview, readOverview } from './overview.ts';

const REFRESH_MS = 2000;
/** A fresh agent needs about half a second to start. */
const AGENT_PAUSE_MS = 250;
/** Agents that are not there after so many pauses are shown as they are. */
const MAX_ROUNDS_FOR_AGENTS = 40;

/**
 * On a terminal the table is kept fresh; elsewhere it is printed once, when the agents answer or had time to. Resolves
 * when the signal fires.
 */
export async function showOverview(url: string, screen: LiveText, signal: AbortSignal): Promise<void> {
  for (let round = 1; !signal.aborted; round++) {
    try {
      const overview = await askForOverview(url, signal);
      const isSettled = overview.sandboxes.every(({ isAgentUp }) => isAgentUp !== false);
      const isLast = !process.stdout.isTTY && (isSettled || round >= MAX_ROUNDS_FOR_AGENTS);
      if (process.stdout.isTTY || isLast) {
        screen.show(formatOverview(overview));
      }
      if (isLast) {
        return await waitForAbort(signal);
      }
      await wait(isSettled || round >= MAX_ROUNDS_FOR_AGENTS ? REFRESH_MS : AGENT_PAUSE_MS, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }
}

async function askForOverview(url: string, signal: AbortSignal): Promise<Overview> {
  const startedMs = performance.now();
  const body = await askMonitor(url, signal);
  return readOverview(body, { nowSeconds: Date.now() / 1000, scrapeMs: performance.now() - startedMs });
}

function waitForAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => resolve());
  });
}
