/**
 * Says in the log when a sandbox begins to fail, fails in another way, and is well again: a change once, not every scrape.
 */

import type { SandboxResult } from '../scrape/sandbox-result.ts';
import type { Log } from './log.ts';

export class SandboxErrorLog {
  readonly #log: Log;
  /** What was last said of a sandbox that fails, by id. */
  #failing = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes the results of one whole scrape; sandboxes that are not in it are gone and forgotten. */
  note(results: readonly SandboxResult[]): void {
    const failing = new Map<string, string>();
    for (const { sandbox, errors, message } of results) {
      const before = this.#failing.get(sandbox.id);
      const now = errors.join(', ');
      if (now !== '') {
        failing.set(sandbox.id, now);
      }
      if (now === (before ?? '')) {
        continue;
      }
      if (now === '') {
        this.#log.info({ sandbox: sandbox.id }, 'Sandbox answers again');
      } else {
        this.#log.warn({ sandbox: sandbox.id, reason: now, message }, 'Cannot read all metrics of the sandbox');
      }
    }
    this.#failing = failing;
  }
}
