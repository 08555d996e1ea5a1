/**
 * The table of `up`, from the same response that Prometheus gets from the monitor.
 */
import { addAbortListener } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { LiveText } from './live-text.ts';
import { formatOverview, type Overview, readOverview } from './overview.ts';

const REFRESH_MS = 2000;
/** The shortest interval with a meaningful CPU usage of a guest, whose counters have steps of 10 ms. */
const MIN_RATE_MS = 1000;
/** An agent needs about half a second to start; in an emulated machine ten, and a minute on a busy host. */
const AGENT_PAUSE_MS = 250;
/** After this many pauses, agents that have not started are shown as they are. */
const MAX_ROUNDS_FOR_AGENTS = 360;

/**
 * Resolves with the text of /metrics.
 * @throws the signal's reason.
 */
export type ReadMetrics = (signal: AbortSignal) => Promise<Buffer>;

/**
 * On a terminal the table is refreshed. Elsewhere it is printed once, one second after the agents respond or their time is
 * over, so that it has the CPU usage of the guests. Resolves when the signal fires.
 */
export async function showOverview(read: ReadMetrics, screen: LiveText, signal: AbortSignal): Promise<void> {
  const isLive = process.stdout.isTTY;
  let previous: Overview | undefined;
  for (let round = 1; !signal.aborted; round++) {
    try {
      const overview = await scrapeOverview(read, signal, previous);
      const isSettled =
        round >= MAX_ROUNDS_FOR_AGENTS || overview.sandboxes.every(({ isAgentUp }) => isAgentUp !== false);
      if (isLive) {
        screen.show(formatOverview(overview));
      } else if (isSettled) {
        await wait(MIN_RATE_MS, undefined, { signal });
        screen.show(formatOverview(await scrapeOverview(read, signal, overview)));
        return await waitForAbort(signal);
      }
      const isOldEnough = previous === undefined || overview.nowSeconds - previous.nowSeconds >= MIN_RATE_MS / 1000;
      previous = isOldEnough ? overview : previous;
      await wait(isSettled ? REFRESH_MS : AGENT_PAUSE_MS, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }
}

async function scrapeOverview(
  read: ReadMetrics,
  signal: AbortSignal,
  previous: Overview | undefined,
): Promise<Overview> {
  const startedMs = performance.now();
  const body = await read(signal);
  const scrapeMs = performance.now() - startedMs;
  return readOverview(body, { nowSeconds: Date.now() / 1000, scrapeMs, previous });
}

function waitForAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    addAbortListener(signal, () => resolve());
  });
}
