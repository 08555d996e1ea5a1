/**
 * Load, tasks and uptime of the guest: values that are passed on unchanged.
 */
import type { DerivedMetricName } from '../catalog/index.ts';
import type { DeriveMetrics } from './derived-metric.ts';

const sources: readonly { name: DerivedMetricName; family: string; labels: Readonly<Record<string, string>> }[] = [
  { name: 'kata_sandbox_load1', family: 'kata_guest_load', labels: { item: 'load1' } },
  { name: 'kata_sandbox_tasks', family: 'kata_guest_tasks', labels: { item: 'max' } },
  { name: 'kata_sandbox_guest_uptime_seconds', family: 'kata_guest_uptime_seconds', labels: {} },
];

export const deriveGuestLoad: DeriveMetrics = ({ lines }) =>
  sources.flatMap(({ name, family, labels }) => {
    const line = lines.find(family, labels);
    return line === undefined ? [] : [{ name, labels: {}, compute: (read) => read(line) }];
  });
