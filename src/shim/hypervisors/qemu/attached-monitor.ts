/**
 * The monitor of a QEMU that another program started: connects only to receive events, and again when the connection
 * closes. QEMU serves one client of a monitor at a time, so the runtime must not use this monitor.
 */
import { connect } from 'node:net';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Collector } from '../../../collectors/index.ts';
import { BackOff } from '../../processes/back-off.ts';
import { GuestEvents } from './guest-events.ts';
import { QmpClient } from './qmp/qmp-client.ts';

export interface AttachedMonitorOptions {
  readonly socketPath: string;
  /** Timeout of the greeting, and of a command. */
  readonly timeoutMs: number;
  /** Gets the reason when the monitor cannot be used, once until it can again. */
  readonly onProblem: (message: string) => void;
  /** Default: 1 s to a minute. Rejects when the signal is aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

export interface AttachedMonitor {
  readonly collector: Collector<undefined>;
  /** Whether QEMU has reported that the machine is paused. */
  isPaused(): boolean;
  close(): void;
}

/** The monitors that runtimes are connected to themselves: a second client would wait for ever, or the runtime would. */
const RUNTIME_MONITORS: ReadonlySet<string> = new Set(['qmp.sock']);

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** Describes why a path cannot be used; undefined if it can. */
export function checkMonitorPath(path: string): string | undefined {
  return RUNTIME_MONITORS.has(basename(path))
    ? `must not be the monitor that the runtime is connected to, as QEMU serves one client at a time, got "${path}"`
    : undefined;
}

export function watchMonitor(options: AttachedMonitorOptions): AttachedMonitor {
  const events = new GuestEvents();
  const ending = new AbortController();
  void watch(options, events, ending.signal);
  return {
    collector: { name: 'qemu-monitor', collect: events.collect },
    isPaused: () => events.isPaused,
    close: () => ending.abort(),
  };
}

/** Resolves when the signal is aborted. */
async function watch(options: AttachedMonitorOptions, events: GuestEvents, signal: AbortSignal): Promise<void> {
  const { socketPath, timeoutMs, onProblem, wait = waitByTimer } = options;
  const backOff = new BackOff({
    firstMs: FIRST_RETRY_MS,
    maxMs: MAX_RETRY_MS,
    now: () => performance.now(),
    random: Math.random,
  });
  let isReported = false;
  while (!signal.aborted) {
    try {
      const client = await QmpClient.open(connect(socketPath), { timeoutMs, onEvent: (event) => events.hear(event) });
      const close = (): void => client.close();
      signal.addEventListener('abort', close, { once: true });
      if (signal.aborted) {
        close();
      }
      backOff.succeed();
      isReported = false;
      events.noteStatus(await client.execute('query-status', {}, { timeoutMs }).catch(() => undefined));
      // Refused where the machine has no balloon.
      await client.execute('query-balloon', {}, { timeoutMs }).then(
        (value) => events.noteBalloon(value),
        () => undefined,
      );
      await client.closed;
      signal.removeEventListener('abort', close);
    } catch (error) {
      if (!isReported && !signal.aborted) {
        isReported = true;
        onProblem(
          `Cannot read the monitor "${socketPath}" of QEMU: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    await wait(backOff.fail(), signal).catch(() => undefined);
  }
}

function waitByTimer(ms: number, signal: AbortSignal): Promise<unknown> {
  return sleep(ms, undefined, { signal, ref: false });
}
