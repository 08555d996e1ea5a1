/**
 * The table of `up`: shows what the monitor's answer says, which is the one that Prometheus gets.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { LiveText } from './live-text.ts';
import { formatOverview, type Overview, readOverview } from './overview.ts';

const REFRESH_MS = 2000;
/** A fresh agent needs about half a second to start; that of an emulated machine ten, and a minute on a busy host. */
const AGENT_PAUSE_MS = 250;
/** Agents that are not there after so many pauses are shown as they are. */
const MAX_ROUNDS_FOR_AGENTS = 360;

/** Gives the text of /metrics; rejects with the signal's reason. */
export type ReadMetrics = (signal: AbortSignal) => Promise<Buffer>;

/**
 * On a terminal the table is kept fresh; elsewhere it is printed once, when the agents answer or had time to. Resolves
 * when the signal fires.
 */
export async function showOverview(read: ReadMetrics, screen: LiveText, signal: AbortSignal): Promise<void> {
  for (let round = 1; !signal.aborted; round++) {
    try {
      const overview = await takeOverview(read, signal);
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

async function takeOverview(read: ReadMetrics, signal: AbortSignal): Promise<Overview> {
  const startedMs = performance.now();
  const body = await read(signal);
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
