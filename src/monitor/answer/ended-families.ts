/**
 * The families of ended sandboxes: final values of each, and the totals.
 */
import { type CatalogFamily, family } from '../../collectors/index.ts';
import type { EndReason, FinalValueName } from '../../last-words/index.ts';
import type { DropReason } from '../ended/drop-reason.ts';
import type { EndedReport } from '../ended/ended-sandboxes.ts';
import type { FinalSandbox } from '../ended/final-sandbox.ts';
import type { SummedValue } from '../ended/totals.ts';

const finalNames = [
  ['cpuSeconds', 'kata_sandbox_final_cpu_seconds'],
  ['hostCpuSeconds', 'kata_sandbox_final_host_cpu_seconds'],
  ['memoryPeakBytes', 'kata_sandbox_final_memory_peak_bytes'],
  ['hostMemoryPeakBytes', 'kata_sandbox_final_host_memory_peak_bytes'],
  ['networkReceiveBytes', 'kata_sandbox_final_network_receive_bytes'],
  ['networkTransmitBytes', 'kata_sandbox_final_network_transmit_bytes'],
  ['diskReadBytes', 'kata_sandbox_final_disk_read_bytes'],
  ['diskWrittenBytes', 'kata_sandbox_final_disk_written_bytes'],
] as const satisfies readonly (readonly [FinalValueName, string])[];

const totalNames = [
  ['cpuSeconds', 'kata_ended_sandboxes_cpu_seconds_total'],
  ['hostCpuSeconds', 'kata_ended_sandboxes_host_cpu_seconds_total'],
  ['networkReceiveBytes', 'kata_ended_sandboxes_network_receive_bytes_total'],
  ['networkTransmitBytes', 'kata_ended_sandboxes_network_transmit_bytes_total'],
  ['diskReadBytes', 'kata_ended_sandboxes_disk_read_bytes_total'],
  ['diskWrittenBytes', 'kata_ended_sandboxes_disk_written_bytes_total'],
  ['lifetimeSeconds', 'kata_ended_sandboxes_lifetime_seconds_total'],
] as const satisfies readonly (readonly [SummedValue, string])[];

/** A family that is in a response only if everything that a scraper must read is in it. */
export const FINAL_MARK = 'kata_sandbox_final_lifetime_seconds';

/** The final values of the sandboxes that a scraper has not read yet. Families without a sample are left out. */
export function collectFinals(finals: readonly FinalSandbox[]): CatalogFamily[] {
  const rows = finals.map(({ labels, words }) => ({ words, labels: { ...labels, reason: words.reason } }));
  return withSamples([
    ...finalNames.map(([value, name]) =>
      family(
        name,
        rows.flatMap(({ labels, words: { values } }) => toSample(labels, values[value])),
      ),
    ),
    family(
      FINAL_MARK,
      rows.map(({ labels, words: { startedMs, endedMs } }) => ({ labels, value: (endedMs - startedMs) / 1000 })),
    ),
    family(
      'kata_sandbox_final_end_time_seconds',
      rows.map(({ labels, words }) => ({ labels, value: words.endedMs / 1000 })),
    ),
  ]);
}

/** The counters, which every response has once there is something to count. */
export function collectEndedTotals({ totals, dropped }: EndedReport): CatalogFamily[] {
  const rows = totals.map(({ namespace, runtimeHandler, count, sums }) => ({
    count,
    sums,
    labels: { cri_namespace: namespace, runtime_handler: runtimeHandler },
  }));
  return withSamples([
    family(
      'kata_ended_sandboxes_total',
      rows.flatMap(({ labels, count }) =>
        (Object.entries(count) as [EndReason, number][]).map(([reason, value]) => ({
          labels: { ...labels, reason },
          value,
        })),
      ),
    ),
    ...totalNames.map(([value, name]) =>
      family(
        name,
        rows.flatMap(({ labels, sums }) => toSample(labels, sums[value])),
      ),
    ),
    family(
      'kata_monitor_final_sandboxes_dropped_total',
      [...(dropped as ReadonlyMap<DropReason, number>)].map(([reason, value]) => ({ labels: { reason }, value })),
    ),
  ]);
}

/** Rounds to microseconds: further digits are noise of the addition. */
function toSample<L>(labels: L, value: number | undefined): { labels: L; value: number }[] {
  return value === undefined ? [] : [{ labels, value: Math.round(value * 1e6) / 1e6 }];
}

/** Omits families without samples, which most scrapes have: their names would be a tenth of a small response. */
function withSamples(families: readonly CatalogFamily[]): CatalogFamily[] {
  return families.filter(({ samples }) => samples.length > 0);
}
