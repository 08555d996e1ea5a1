/**
 * Causes faults side by side, each after those that it has to wait for, and notes whether its alert fired. An alert counts
 * only if it was quiet before.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Prometheus } from '../../support/prometheus.ts';

export interface Fault {
  readonly alert: string;
  /** What happens, for the table. */
  readonly what: string;
  /** Why the fault itself cannot be caused here, so that a shim of the tests sends what a sandbox with it sends. */
  readonly sentBecause?: string;
  /** Label matchers of the alert by this fault. */
  readonly labels: string;
  /** Alerts whose faults come first. */
  readonly after?: readonly string[];
  /**
   * The alert may have fired earlier, because an emulated guest on a busy machine misses a scrape now and then. Then it must be
   * quiet at the moment of the fault, and fire for longer than for one scrape after it.
   */
  readonly isFickle?: boolean;
  /** The alert may have fired earlier for a while, for the same reason on a busy machine. It must be quiet at the moment of the fault. */
  readonly mayFireEarly?: boolean;
  /** Called before the alert has to be quiet. */
  prepare?(): Promise<unknown>;
  act(): Promise<unknown>;
}

/** Seconds from the fault to the alert, or why there are none. */
export type Outcome = number | string;

const TIMEOUT_MS = 150_000;
const PAUSE_MS = 250;
/** Evaluations, one a second, in which an alert that may have fired before has to fire; one scrape that is missed has two. */
const FICKLE_EVALUATIONS = 4;
/** Prometheus on a busy machine omits evaluations. */
const FICKLE_SECONDS = 6;

/** Each alert with its outcome, in the order of `faults`. Never rejects because of a fault. */
export async function runFaults(
  prometheus: Prometheus,
  faults: readonly Fault[],
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Promise<Outcome>>();
  for (const fault of faults) {
    const before = (fault.after ?? []).map((alert) => {
      const outcome = outcomes.get(alert);
      if (outcome === undefined) {
        throw new RangeError(`Fault "${fault.what}" waits for "${alert}", which is not before it`);
      }
      return outcome;
    });
    outcomes.set(
      fault.alert,
      Promise.all(before)
        .then(() => runFault(prometheus, fault))
        .catch((error: unknown) => String(error)),
    );
  }
  return new Map(await Promise.all([...outcomes].map(async ([alert, outcome]) => [alert, await outcome] as const)));
}

async function runFault(prometheus: Prometheus, fault: Fault): Promise<Outcome> {
  const { alert, labels, isFickle = false, mayFireEarly = isFickle, act } = fault;
  const firing = `ALERTS{alertname="${alert}",alertstate="firing",${labels}}`;
  await fault.prepare?.();
  if (mayFireEarly) {
    const quietByMs = performance.now() + TIMEOUT_MS;
    while ((await prometheus.query(firing)).length > 0) {
      if (performance.now() > quietByMs) {
        return `fired before its fault, for ${TIMEOUT_MS / 1000} s`;
      }
      await pause(PAUSE_MS);
    }
  }
  const early = mayFireEarly ? [] : await prometheus.query(`last_over_time(${firing}[10m])`);
  if (early.length > 0) {
    return `fired before its fault: ${JSON.stringify(early[0]!.metric)}`;
  }
  const startMs = performance.now();
  const wanted = isFickle ? `count_over_time(${firing}[${FICKLE_SECONDS}s]) >= ${FICKLE_EVALUATIONS}` : firing;
  await act();
  while (performance.now() - startMs < TIMEOUT_MS) {
    // A fault of one scrape has passed when it is looked for.
    const elapsedSeconds = (performance.now() - startMs) / 1000;
    const range = mayFireEarly ? `${Math.max(1, Math.floor(elapsedSeconds))}s` : '10m';
    if ((await prometheus.query(isFickle ? wanted : `last_over_time(${wanted}[${range}])`)).length > 0) {
      return elapsedSeconds;
    }
    await pause(PAUSE_MS);
  }
  return `not fired within ${TIMEOUT_MS / 1000} s`;
}
