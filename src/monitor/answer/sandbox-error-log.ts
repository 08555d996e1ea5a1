/**
 * Logs when a sandbox begins to fail, fails in another way, and works again: a change once, not every scrape. Sandboxes that
 * change in the same way share a line, and there is one such line in an interval: a node that starts or drains hundreds of
 * sandboxes writes no line for each.
 */

import { type Clock, systemClock } from '../../program/index.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import type { Log } from './log.ts';

/** Between two lines about the same change; what comes in between is in the second. */
const intervalMs = 10_000;
/** Ids in a line, of all that it counts. */
const maxIds = 5;

export class SandboxErrorLog {
  readonly #log: Log;
  readonly #clock: Pick<Clock, 'nowMs'>;
  /** What was last logged of a sandbox that fails, by id. */
  readonly #logged = new Map<string, string>();
  /** When a line was last written, by its first reason. */
  readonly #lastMs = new Map<string, number>();

  constructor(log: Log, clock: Pick<Clock, 'nowMs'> = systemClock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Takes the results of one whole scrape; sandboxes that are not in it are gone and forgotten. */
  note(results: readonly SandboxResult[]): void {
    if (this.#logged.size > 0) {
      this.#keepOnly(results);
    }
    // Before anything is made for a node on which nothing fails.
    const changed = results.filter(({ sandbox, errors }) => errors.join(', ') !== (this.#logged.get(sandbox.id) ?? ''));
    if (changed.length === 0) {
      return;
    }
    const nowMs = this.#clock.nowMs();
    // By the first reason alone: a guest chooses the others, and would have a line for each choice.
    for (const [kind, group] of Map.groupBy(changed, ({ errors }) => errors[0] ?? '')) {
      if (nowMs - (this.#lastMs.get(kind) ?? -Infinity) >= intervalMs) {
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
        : { sandboxes: ids.length, first: `${ids.slice(0, maxIds).join(', ')}${ids.length > maxIds ? ', ...' : ''}` };
    if (kind === '') {
      for (const id of ids) {
        this.#logged.delete(id);
      }
      this.#log.info(subject, ids.length === 1 ? 'Sandbox answers again' : 'Sandboxes answer again');
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
