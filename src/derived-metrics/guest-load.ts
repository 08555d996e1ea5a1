/**
 * Load, tasks, uptime, major page faults and OOM kills of the guest: values that are passed on unchanged.
 */
import type { DerivedMetricName } from '../catalog/index.ts';
import type { DeriveMetrics } from './derived-metric.ts';

const sources: readonly { name: DerivedMetricName; family: string; labels: Readonly<Record<string, string>> }[] = [
  { name: 'kata_sandbox_load1', family: 'kata_guest_load', labels: { item: 'load1' } },
  { name: 'kata_sandbox_tasks', family: 'kata_guest_tasks', labels: { item: 'max' } },
  { name: 'kata_sandbox_guest_uptime_seconds', family: 'kata_guest_uptime_seconds', labels: {} },
  { name: 'kata_sandbox_memory_major_page_faults_total', family: 'kata_guest_vm_stat', labels: { item: 'pgmajfault' } },
  { name: 'kata_sandbox_oom_kills_total', family: 'kata_guest_vm_stat', labels: { item: 'oom_kill' } },
];

export const deriveGuestLoad: DeriveMetrics = ({ lines }) =>
  sources.flatMap(({ name, family, labels }) => {
    const line = lines.find(family, labels);
    return line === undefined ? [] : [{ name, labels: {}, compute: (read) => read(line) }];
  });
