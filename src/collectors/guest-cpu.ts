/**
 * kata_guest_cpu_time, from the cpu lines of /proc/stat.
 */
import { type CpuColumn, readStat } from '../procfs/index.ts';
import { multiplyDigits } from './digits.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { LabelsWithItem } from './label-sets.ts';
import { TICKS_PER_SECOND } from './machine.ts';

const cpuLabels = new LabelsWithItem('cpu');

const MS_PER_TICK = 1000 / TICKS_PER_SECOND;

/** Times are in milliseconds, as in the existing agents. */
export function collectGuestCpu({ procfs }: GuestContext): CatalogFamily[] {
  const stat = readStat(procfs);
  if (stat === undefined) {
    return [];
  }
  const samples: { labels: ReturnType<typeof cpuLabels.of>; value: string }[] = [];
  for (const { cpu, fields } of stat.cpus) {
    for (const item in fields) {
      const value = multiplyDigits(fields[item as CpuColumn]!, MS_PER_TICK);
      samples.push({ labels: cpuLabels.of(cpu, item), value });
    }
  }
  return samples.length === 0 ? [] : [family('kata_guest_cpu_time', samples)];
}
