/**
 * kata_guest_cpu_time, from the cpu lines of /proc/stat.
 */
import { readStat } from '../procfs/index.ts';
import { multiplyDigits } from './digits.ts';
import { type CatalogFamily, family } from './family.ts';
import type { GuestContext } from './guest-context.ts';
import { LabelsWithItem } from './label-sets.ts';
import { TICKS_PER_SECOND } from './machine.ts';

const cpuLabels = new LabelsWithItem('cpu');

const MS_PER_TICK = 1000 / TICKS_PER_SECOND;

export function collectGuestCpu({ procfs }: GuestContext): CatalogFamily[] {
  const stat = readStat(procfs);
  if (stat === undefined) {
    return [];
  }
  const samples = stat.cpus.flatMap(({ cpu, fields }) =>
    Object.entries(fields).map(([item, ticks]) => ({
      labels: cpuLabels.of(cpu, item),
      value: multiplyDigits(ticks, MS_PER_TICK),
    })),
  );
  return samples.length === 0 ? [] : [family('kata_guest_cpu_time', samples)];
}
