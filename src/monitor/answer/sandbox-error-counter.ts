/**
 * Counts the errors of sandboxes over all scrapes by reason, for alerts that also detect faults between two scrapes of one
 * Prometheus server.
 */
import { type CatalogFamily, family } from '../../collectors/index.ts';
import type { SandboxErrorReason, SandboxResult } from '../scrape/sandbox-result.ts';

export class SandboxErrorCounter {
  readonly #counts = new Map<SandboxErrorReason, number>();

  /** Records the results of one scrape. */
  note(results: readonly SandboxResult[]): void {
    for (const { errors } of results) {
      for (const reason of errors) {
        this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
      }
    }
  }

  collect(): CatalogFamily {
    const samples = [...this.#counts].map(([reason, value]) => ({ labels: { reason }, value }));
    return family('kata_monitor_sandbox_scrape_errors_total', samples);
  }
}
