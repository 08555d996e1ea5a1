/**
 * The table of `up`: shows what the monitor's answer says, which is the one that Prometheus gets.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { LiveText } from './live-text.ts';
import { formatOverview, type Overview, readOverview } from './overview.ts';

const REFRESH_MS = 2000;
/** The shortest time over which the CPU use of a guest, in steps of 10 ms, means something to a person. */
const MIN_RATE_MS = 1000;
/** A fresh agent needs about half a second to start; that of an emulated machine ten, and a minute on a busy host. */
const AGENT_PAUSE_MS = 250;
/** Agents that are not there after so many pauses are shown as they are. */
const MAX_ROUNDS_FOR_AGENTS = 360;

/** Gives the text of /metrics; rejects with the signal's reason. */
export type ReadMetrics = (signal: AbortSignal) => Promise<Buffer>;

/**
 * On a terminal the table is kept fresh; elsewhere it is printed once, when the agents respond or had time to, and a
 * second later, so that it has the CPU use of the guests. Resolves when the signal fires.
 */
export async function showOverview(read: ReadMetrics, screen: LiveText, signal: AbortSignal): Promise<void> {
  const isLive = process.stdout.isTTY;
  let previous: Overview | undefined;
  for (let round = 1; !signal.aborted; round++) {
    try {
      const overview = await takeOverview(read, signal, previous);
      const isSettled =
        round >= MAX_ROUNDS_FOR_AGENTS || overview.sandboxes.every(({ isAgentUp }) => isAgentUp !== false);
      if (isLive) {
        screen.show(formatOverview(overview));
      } else if (isSettled) {
        await wait(MIN_RATE_MS, undefined, { signal });
        screen.show(formatOverview(await takeOverview(read, signal, overview)));
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

async function takeOverview(read: ReadMetrics, signal: AbortSignal, previous: Overview | undefined): Promise<Overview> {
  const startedMs = performance.now();
  const body = await read(signal);
  const scrapeMs = performance.now() - startedMs;
  return readOverview(body, { nowSeconds: Date.now() / 1000, scrapeMs, previous });
}

function waitForAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => resolve());
  });
}
