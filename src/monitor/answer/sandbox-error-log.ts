/**
 * Logs when a sandbox starts to fail, fails for another reason, and recovers: each change once, not at every scrape. Sandboxes
 * with the same change share a line, at most one per interval, so that a node that starts or drains hundreds of sandboxes
 * does not log a line for each.
 */

import { type Clock, systemClock } from '../../program/index.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import type { Log } from './log.ts';

/** Minimum time between two lines about the same change; the second line includes the changes in between. */
const INTERVAL_MS = 10_000;
/** Limit of the ids in a line; the line has the number of all. */
const MAX_IDS = 5;

export class SandboxErrorLog {
  readonly #log: Log;
  readonly #clock: Pick<Clock, 'nowMs'>;
  /** The last logged errors of a failing sandbox, by id. */
  readonly #logged = new Map<string, string>();
  /** When the last line was logged, by first reason. */
  readonly #lastMs = new Map<string, number>();

  constructor(log: Log, clock: Pick<Clock, 'nowMs'> = systemClock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Logs the changes in the results of one complete scrape; forgets sandboxes that are not in it. */
  note(results: readonly SandboxResult[]): void {
    if (this.#logged.size > 0) {
      this.#keepOnly(results);
    }
    // The fast path for a node without failures.
    const changed = results.filter(({ sandbox, errors }) => errors.join(', ') !== (this.#logged.get(sandbox.id) ?? ''));
    if (changed.length === 0) {
      return;
    }
    const nowMs = this.#clock.nowMs();
    // Grouped by the first reason only: a guest can choose the others, and could cause a line for each combination.
    for (const [kind, group] of Map.groupBy(changed, ({ errors }) => errors[0] ?? '')) {
      if (nowMs - (this.#lastMs.get(kind) ?? -Infinity) >= INTERVAL_MS) {
        this.#lastMs.set(kind, nowMs);
        this.#write(kind, group);
      }
    }
  }

  #keepOnly(results: readonly SandboxResult[]): void {
    const ids = new Set(results.map(({ sandbox }) => sandbox.id));
    for (const id of this.#logged.keys()) {
      if (!ids.has(id)) {
        this.#logged.delete(id);
      }
    }
  }

  #write(kind: string, group: readonly SandboxResult[]): void {
    const ids = group.map(({ sandbox }) => sandbox.id);
    const subject =
      ids.length === 1
        ? { sandbox: ids[0] }
        : { sandboxes: ids.length, first: `${ids.slice(0, MAX_IDS).join(', ')}${ids.length > MAX_IDS ? ', ...' : ''}` };
    if (kind === '') {
      for (const id of ids) {
        this.#logged.delete(id);
      }
      this.#log.info(subject, ids.length === 1 ? 'Sandbox responds again' : 'Sandboxes respond again');
      return;
    }
    for (const { sandbox, errors } of group) {
      this.#logged.set(sandbox.id, errors.join(', '));
    }
    const [first] = group;
    this.#log.warn(
      { ...subject, reason: ids.length === 1 ? first!.errors.join(', ') : kind, message: first!.message },
      ids.length === 1 ? 'Cannot read all metrics of the sandbox' : 'Cannot read all metrics of sandboxes',
    );
  }
}
