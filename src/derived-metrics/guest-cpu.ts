/**
 * CPU time of the guest, from kata_guest_cpu_time: milliseconds per CPU, and their sum under "total".
 */
import { type DerivedMetric, type DeriveMetrics, sumOf } from './derived-metric.ts';

const FAMILY = 'kata_guest_cpu_time';
const MS_PER_SECOND = 1000;
/** All items of proc_stat(5) except idle and iowait. `user` includes `guest`, `nice` includes `guest_nice`. */
const BUSY_ITEMS = ['user', 'nice', 'system', 'irq', 'softirq', 'steal'];

export const deriveGuestCpu: DeriveMetrics = ({ lines }) => {
  const busy = BUSY_ITEMS.map((item) => lines.find(FAMILY, { cpu: 'total', item })).filter(
    (line) => line !== undefined,
  );
  const cores = new Set(lines.of(FAMILY).map(({ labels }) => labels.get('cpu')));
  cores.delete('total');
  cores.delete(undefined);
  const metrics: DerivedMetric[] = [];
  if (busy.length > 0) {
    const sum = sumOf(busy);
    metrics.push({
      name: 'kata_sandbox_cpu_usage_seconds_total',
      labels: {},
      compute: (read) => sum(read) / MS_PER_SECOND,
    });
  }
  const steal = lines.find(FAMILY, { cpu: 'total', item: 'steal' });
  if (steal !== undefined) {
    metrics.push({
      name: 'kata_sandbox_cpu_steal_seconds_total',
      labels: {},
      compute: (read) => read(steal) / MS_PER_SECOND,
    });
  }
  if (cores.size > 0) {
    metrics.push({ name: 'kata_sandbox_cpu_cores', labels: {}, compute: () => cores.size });
  }
  return metrics;
};
