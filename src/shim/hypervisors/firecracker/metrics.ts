/**
 * Firecracker's metrics as a collector of the shim: reads its lines as they come, asks it for a fresh one before an
 * answer, and never waits long for it. Where the API's socket is not known, the figures are as old as the last line.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CatalogFamily, Collector } from '../../../collectors/index.ts';
import type { FirecrackerApi } from './api.ts';
import { FirecrackerFigures } from './collector/firecracker-collector.ts';
import { MetricsInput } from './metrics-input.ts';

export interface FirecrackerMetricsOptions {
  /** Of the FIFO or file; its directory must be there. */
  readonly path: string;
  /** Undefined where it is not known: then nobody asks for fresh lines. */
  readonly api: FirecrackerApi | undefined;
  /** Milliseconds that only go up. */
  readonly now: () => number;
  /** Milliseconds of Unix time. */
  readonly wallClock: () => number;
  /** Told once of each new problem. */
  readonly onProblem: (message: string) => void;
}

export interface FirecrackerMetrics {
  readonly collector: Collector<undefined>;
  /** Can be called again. */
  close(): Promise<void>;
}

/** Firecracker locks its metrics while it writes a line; more than this is no use to anyone. */
const MIN_FLUSH_INTERVAL_MS = 1_000;
/** Firecracker has written the line before it answers; what is left is the way through the FIFO. */
const LINE_TIMEOUT_MS = 200;
/** A file of some days is read for the first time in more than this: the answer does not wait for its end. */
const READ_TIMEOUT_MS = 500;

/** Throws the system's error when the directory of the path is not there. */
export function openFirecrackerMetrics(options: FirecrackerMetricsOptions): FirecrackerMetrics {
  const { path, now, wallClock } = options;
  const figures = new FirecrackerFigures({ now, wallClock });
  let lastProblem: string | undefined;
  const onProblem = (message: string): void => {
    if (message !== lastProblem) {
      options.onProblem(message);
    }
    lastProblem = message;
  };
  const input = new MetricsInput({
    path,
    onBytes: (bytes) => figures.push(bytes),
    onBreak: () => figures.breakLine(),
    onProblem,
  });
  void input.refresh();
  const flush = createFlush(options, figures, input, onProblem);
  return {
    collector: {
      name: 'firecracker',
      collect: async (): Promise<CatalogFamily[]> => {
        await flush();
        await within(READ_TIMEOUT_MS, input.refresh());
        return figures.families();
      },
    },
    close: () => input.close(),
  };
}

/** Asks for a line and waits until it is here. Whoever calls meanwhile joins; whoever calls soon after gets nothing new. */
function createFlush(
  { api, now }: FirecrackerMetricsOptions,
  figures: FirecrackerFigures,
  input: MetricsInput,
  onProblem: (message: string) => void,
): () => Promise<void> {
  let lastMs = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;
  const ask = async (asked: FirecrackerApi): Promise<void> => {
    const line = figures.nextLine();
    try {
      await asked.put('/actions', { action_type: 'FlushMetrics' });
    } catch (error) {
      onProblem(error instanceof Error ? error.message : String(error));
      return;
    }
    void input.refresh();
    await within(LINE_TIMEOUT_MS, line);
  };
  return () => {
    if (api !== undefined && underWay === undefined && now() - lastMs >= MIN_FLUSH_INTERVAL_MS) {
      lastMs = now();
      underWay = ask(api).finally(() => {
        underWay = undefined;
      });
    }
    return underWay ?? Promise.resolve();
  };
}

/** Resolves when `done` does, or when the time is over. */
async function within(ms: number, done: Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = sleep(ms, undefined, { signal: over.signal }).catch(() => undefined);
  try {
    await Promise.race([done, late]);
  } finally {
    over.abort();
  }
}
