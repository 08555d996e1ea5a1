/**
 * The table of `up`, from the collection that Prometheus gets from the monitor.
 */
import { addAbortListener } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Snapshot } from '../api/index.ts';
import type { LiveText } from './live-text.ts';
import { formatOverview, isStarting, type Overview, toOverview } from './overview.ts';
import { isScreen } from './screen.ts';

const REFRESH_MS = 2000;
/** The shortest interval with a meaningful CPU usage of a guest, whose counters have steps of 10 ms. */
const MIN_RATE_MS = 1000;
/** An agent needs about half a second to start; in an emulated machine ten, and a minute on a busy host. */
const AGENT_PAUSE_MS = 250;
/** After this many pauses, agents that have not started are shown as they are. */
const MAX_ROUNDS_FOR_AGENTS = 360;

/** The monitor in this process. Both functions throw the signal's reason. */
export interface ReadableMonitor {
  readMetrics(signal: AbortSignal): Promise<Buffer>;
  readSnapshot(signal: AbortSignal): Promise<Snapshot>;
}

/**
 * On a terminal the table is refreshed. Elsewhere it is printed once, one second after the agents respond or their time is
 * over, so that it has the CPU usage of the guests. Resolves when the signal fires.
 */
export async function showOverview(monitor: ReadableMonitor, screen: LiveText, signal: AbortSignal): Promise<void> {
  const isLive = isScreen(process.stdout);
  let previous: Overview | undefined;
  for (let round = 1; !signal.aborted; round++) {
    try {
      const overview = await readOverview(monitor, signal, previous);
      const isSettled = round >= MAX_ROUNDS_FOR_AGENTS || !isStarting(overview);
      if (isLive) {
        screen.show(formatOverview(overview));
      } else if (isSettled) {
        await wait(MIN_RATE_MS, undefined, { signal });
        screen.show(formatOverview(await readOverview(monitor, signal, overview)));
        return await waitForAbort(signal);
      }
      const elapsedMs = 1000 * (nowSeconds(overview) - (previous === undefined ? 0 : nowSeconds(previous)));
      previous = elapsedMs >= MIN_RATE_MS ? overview : previous;
      await wait(isSettled ? REFRESH_MS : AGENT_PAUSE_MS, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }
}

function nowSeconds({ snapshot }: Overview): number {
  return snapshot.node.nowSeconds;
}

async function readOverview(
  monitor: ReadableMonitor,
  signal: AbortSignal,
  previous: Overview | undefined,
): Promise<Overview> {
  const startedMs = performance.now();
  // Requests at the same time share one collection.
  const [snapshot, { body, scrapeMs }] = await Promise.all([
    monitor.readSnapshot(signal),
    monitor.readMetrics(signal).then((response) => ({ body: response, scrapeMs: performance.now() - startedMs })),
  ]);
  return toOverview({ snapshot, body, scrapeMs }, previous);
}

function waitForAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    addAbortListener(signal, () => resolve());
  });
}
