/**
 * Keeps one child group running: starts it again when it ends, later each time it ends soon. Used for the agent of a
 * sandbox without a virtual machine.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BackOff } from './back-off.ts';
import type { ChildEnd, ChildGroup } from './child-group.ts';

export interface SuperviseOptions {
  readonly start: () => Promise<ChildGroup>;
  readonly onEnd: (end: ChildEnd, restartMs: number) => void;
  /** The child could not be started again; that is tried again too. */
  readonly onStartFailed: (error: unknown, restartMs: number) => void;
  /** Default: a timer. Rejects when the signal is aborted. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly now: () => number;
  readonly random: () => number;
}

export interface Supervised {
  /** PID of the running child; undefined while it is restarted. */
  pid(): number | undefined;
  stop(options: { readonly graceMs: number }): Promise<void>;
}

const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;
/** A child that has lived this long is taken as healthy: its end is the first of a new series. */
const HEALTHY_MS = 10_000;

/** Resolves when the first child runs. Rejects when it cannot be started at all. */
export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  const stopping = new AbortController();
  let child: ChildGroup | undefined = await options.start();
  const loop = (async () => {
    const backOff = new BackOff({
      firstMs: FIRST_RESTART_MS,
      maxMs: MAX_RESTART_MS,
      now: options.now,
      random: options.random,
    });
    while (child !== undefined) {
      const startedMs = options.now();
      const end = await child.ended;
      child = undefined;
      if (stopping.signal.aborted) {
        return;
      }
      if (options.now() - startedMs >= HEALTHY_MS) {
        backOff.succeed();
      }
      const restartMs = backOff.fail();
      options.onEnd(end, restartMs);
      child = await restart(options, backOff, stopping.signal);
    }
  })();
  return {
    pid: () => child?.pid,
    stop: async (stopOptions) => {
      stopping.abort();
      await child?.stop(stopOptions);
      await loop;
    },
  };
}

async function restart(
  { start, onStartFailed, wait = waitByTimer }: SuperviseOptions,
  backOff: BackOff,
  signal: AbortSignal,
): Promise<ChildGroup | undefined> {
  while (await isWaitedFor(wait(backOff.remainingMs(), signal), signal)) {
    try {
      const child = await start();
      if (!signal.aborted) {
        return child;
      }
      await child.stop({ graceMs: 0 });
    } catch (error) {
      onStartFailed(error, backOff.fail());
    }
  }
  return undefined;
}

/** False when the signal was aborted meanwhile. */
async function isWaitedFor(waiting: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  try {
    await waiting;
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
  }
  return !signal.aborted;
}

function waitByTimer(ms: number, signal: AbortSignal): Promise<unknown> {
  return sleep(ms, undefined, { signal, ref: false });
}
