/**
 * The values of each sandbox in the last scrape of the node. They are the final ones of a sandbox whose shim leaves none,
 * as with other runtimes, and of a guest that had ended before its shim could read it. A few numbers for each sandbox.
 */
import type { DerivedMetricName } from '../../catalog/index.ts';
import { type BodyForm, readNumber } from '../../exposition/index.ts';
import type { FinalValueName, FinalValues } from '../../last-words/index.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';

export interface LastScrape {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly values: FinalValues;
}

const sources: readonly (readonly [FinalValueName, DerivedMetricName])[] = [
  ['cpuSeconds', 'kata_sandbox_cpu_usage_seconds_total'],
  ['hostCpuSeconds', 'kata_sandbox_host_cpu_seconds_total'],
  ['networkReceiveBytes', 'kata_sandbox_network_receive_bytes_total'],
  ['networkTransmitBytes', 'kata_sandbox_network_transmit_bytes_total'],
  ['diskReadBytes', 'kata_sandbox_disk_read_bytes_total'],
  ['diskWrittenBytes', 'kata_sandbox_disk_written_bytes_total'],
];

interface Entry {
  atMs: number;
  /** Values in the order of `sources`; NaN if unknown. */
  readonly values: Float64Array;
}

export class LastScrapes {
  readonly #entries = new Map<string, Entry>();
  /** Lines of each source, for each form. */
  readonly #lines = new WeakMap<BodyForm, readonly (readonly number[])[]>();

  note(results: readonly SandboxResult[]): void {
    for (const { sandbox, isUp, derived, respondedMs } of results) {
      if (!isUp || derived === undefined) {
        continue;
      }
      let entry = this.#entries.get(sandbox.id);
      if (entry === undefined) {
        entry = { atMs: 0, values: new Float64Array(sources.length).fill(Number.NaN) };
        this.#entries.set(sandbox.id, entry);
      }
      entry.atMs = respondedMs ?? 0;
      const lines = this.#locate(derived.form);
      for (let i = 0; i < lines.length; i++) {
        let sum = lines[i]!.length === 0 ? Number.NaN : 0;
        for (const line of lines[i]!) {
          sum += readNumber(derived.values, line);
        }
        // A counter: one that is missing or lower is of a part, as when the hypervisor has ended before its shim.
        const before = entry.values[i]!;
        entry.values[i] = Number.isNaN(sum) || sum < before ? before : sum;
      }
    }
  }

  find(sandboxId: string): LastScrape | undefined {
    const entry = this.#entries.get(sandboxId);
    if (entry === undefined) {
      return undefined;
    }
    const known = sources.flatMap(([name], i) => (Number.isNaN(entry.values[i]) ? [] : [[name, entry.values[i]]]));
    return { atMs: entry.atMs, values: Object.fromEntries(known) };
  }

  forget(sandboxId: string): void {
    this.#entries.delete(sandboxId);
  }

  #locate(form: BodyForm): readonly (readonly number[])[] {
    let lines = this.#lines.get(form);
    if (lines === undefined) {
      lines = sources.map(([, source]) => {
        const segments = form.families.find(({ name }) => name === source)?.segments ?? [];
        return segments.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
      });
      this.#lines.set(form, lines);
    }
    return lines;
  }
}
