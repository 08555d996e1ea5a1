/**
 * Memory of the guest, from kata_guest_meminfo, which every agent exports in bytes.
 */

import type { BodyLines } from './body-lines.ts';
import type { DerivedMetric, DeriveMetrics, ReadLine } from './derived-metric.ts';

const FAMILY = 'kata_guest_meminfo';

export const deriveGuestMemory: DeriveMetrics = ({ lines }) => {
  const total = lines.find(FAMILY, { item: 'mem_total' });
  const available = lines.find(FAMILY, { item: 'mem_available' });
  const workingSet = workingSetOf(lines);
  const metrics: DerivedMetric[] = [];
  if (total !== undefined) {
    metrics.push({ name: 'kata_sandbox_memory_total_bytes', labels: {}, compute: (read) => read(total) });
  }
  if (available !== undefined) {
    metrics.push({ name: 'kata_sandbox_memory_available_bytes', labels: {}, compute: (read) => read(available) });
  }
  if (workingSet !== undefined) {
    metrics.push({ name: 'kata_sandbox_memory_working_set_bytes', labels: {}, compute: workingSet });
  }
  return metrics;
};

/** Total minus available; NaN when available exceeds total. Kernels before 3.14 do not report available memory. */
export function workingSetOf(lines: BodyLines): ((read: ReadLine) => number) | undefined {
  const total = lines.find(FAMILY, { item: 'mem_total' });
  const available = lines.find(FAMILY, { item: 'mem_available' });
  if (total === undefined || available === undefined) {
    return undefined;
  }
  return (read) => {
    const used = read(total) - read(available);
    return used < 0 ? Number.NaN : used;
  };
}
