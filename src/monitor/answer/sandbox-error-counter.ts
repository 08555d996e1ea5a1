/**
 * Counts the errors of sandboxes over all scrapes by reason, for alerts that also detect faults between two scrapes of one
 * Prometheus server.
 */
import { type CatalogFamily, LabelledCounter } from '../../collectors/index.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';

export class SandboxErrorCounter {
  readonly #counter = new LabelledCounter('kata_monitor_sandbox_scrape_errors_total', 'reason');

  /** Records the results of one scrape. */
  note(results: readonly SandboxResult[]): void {
    for (const { errors } of results) {
      for (const reason of errors) {
        this.#counter.add(reason, 1);
      }
    }
  }

  collect(): CatalogFamily {
    return this.#counter.collect();
  }
}
