/**
 * CPU of the guest, from kata_guest_cpu_time: milliseconds for each CPU, and under "total" for all of them.
 */
import { type Figure, type FigureMaker, sumOf } from './derived-metric.ts';

const FAMILY = 'kata_guest_cpu_time';
const MS_PER_SECOND = 1000;
/** All of proc_stat(5) but idle and iowait. `guest` is in `user` already, `guest_nice` in `nice`. */
const BUSY_ITEMS = ['user', 'nice', 'system', 'irq', 'softirq', 'steal'];

export const guestCpuFigures: FigureMaker = ({ lines }) => {
  const busy = BUSY_ITEMS.map((item) => lines.find(FAMILY, { cpu: 'total', item })).filter(
    (line) => line !== undefined,
  );
  const cores = new Set(lines.of(FAMILY).map(({ labels }) => labels.get('cpu')));
  cores.delete('total');
  cores.delete(undefined);
  const figures: Figure[] = [];
  if (busy.length > 0) {
    const sum = sumOf(busy);
    figures.push({
      name: 'kata_sandbox_cpu_usage_seconds_total',
      labels: {},
      compute: (read) => sum(read) / MS_PER_SECOND,
    });
  }
  if (cores.size > 0) {
    figures.push({ name: 'kata_sandbox_cpu_cores', labels: {}, compute: () => cores.size });
  }
  return figures;
};
