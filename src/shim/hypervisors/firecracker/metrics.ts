/**
 * Firecracker's metrics as a collector of the shim: reads its lines as they arrive, requests a fresh line before a response,
 * and waits for it for a limited time. Where the API's socket is not known, the metrics are as old as the last line.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CatalogFamily, Collector } from '../../../collectors/index.ts';
import type { FirecrackerApi } from './api.ts';
import { FirecrackerCollector } from './collector/firecracker-collector.ts';
import { MetricsInput } from './metrics-input.ts';

export interface FirecrackerMetricsOptions {
  /** Path of the FIFO or file, whose directory must exist. */
  readonly path: string;
  /** Undefined where it is not known: then no fresh lines are requested. */
  readonly api: FirecrackerApi | undefined;
  /** Milliseconds that only go up. */
  readonly now: () => number;
  /** Milliseconds of Unix time. */
  readonly wallClock: () => number;
  /** Called once for each new problem. */
  readonly onProblem: (message: string) => void;
}

export interface FirecrackerMetrics {
  readonly collector: Collector<undefined>;
  /** Can be called again. */
  close(): Promise<void>;
}

/** Firecracker locks its metrics while it writes a line; a shorter interval has no benefit. */
const MIN_FLUSH_INTERVAL_MS = 1_000;
/** Firecracker writes the line before it responds; only the way through the FIFO remains. */
const LINE_TIMEOUT_MS = 200;
/** The first read of a file of some days takes longer than this: the response does not wait for its end. */
const READ_TIMEOUT_MS = 500;

/** @throws {Error} the system error when the directory of the path is not there. */
export function openFirecrackerMetrics(options: FirecrackerMetricsOptions): FirecrackerMetrics {
  const { path, now, wallClock } = options;
  const lines = new FirecrackerCollector({ now, wallClock });
  let lastProblem: string | undefined;
  const onProblem = (message: string): void => {
    if (message !== lastProblem) {
      options.onProblem(message);
    }
    lastProblem = message;
  };
  const input = new MetricsInput({
    path,
    onBytes: (bytes) => lines.push(bytes),
    onBreak: () => lines.breakLine(),
    onProblem,
  });
  void input.refresh();
  const flush = createFlush(options, lines, input, onProblem);
  return {
    collector: {
      name: 'firecracker',
      collect: async (): Promise<CatalogFamily[]> => {
        await flush();
        await within(READ_TIMEOUT_MS, input.refresh());
        return lines.families();
      },
    },
    close: () => input.close(),
  };
}

/** Requests a line and waits until it arrives. A concurrent call joins; a call soon after requests no new line. */
function createFlush(
  { api, now }: FirecrackerMetricsOptions,
  lines: FirecrackerCollector,
  input: MetricsInput,
  onProblem: (message: string) => void,
): () => Promise<void> {
  let lastMs = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;
  const requestLine = async (target: FirecrackerApi): Promise<void> => {
    const line = lines.nextLine();
    try {
      await target.put('/actions', { action_type: 'FlushMetrics' });
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
      underWay = requestLine(api).finally(() => {
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
