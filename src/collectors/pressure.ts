/**
 * Pressure (PSI) of a machine or a cgroup, as families whose names end as the kubelet's do. The collectors of the guest, of
 * its containers and of the sandbox's cgroup call it.
 */
import { type Procfs, readPressure } from '../procfs/index.ts';
import { shiftDigits } from './digits.ts';
import { type CatalogFamily, singleFamily } from './family.ts';
import type { GuestContext } from './guest-context.ts';

/** Digits of `us` microseconds as seconds. */
const MICROSECONDS = 6;

export const pressureResources = ['cpu', 'memory', 'io'] as const;
export type PressureResource = (typeof pressureResources)[number];

/** Names of families of pressure, without a prefix. */
export type PressureName = `pressure_${PressureResource}_${'stalled' | 'waiting'}_seconds_total`;

/** Seconds by family; what the kernel does not have is absent. */
export type PressureValues = { [N in PressureName]?: string };

/** False where the file is not there. */
export function addPressure(
  values: PressureValues,
  resource: PressureResource,
  procfs: Procfs,
  file: string[],
): boolean {
  const pressure = readPressure(procfs, file);
  if (pressure === undefined) {
    return false;
  }
  const { waitingUs, stalledUs } = pressure;
  if (waitingUs !== undefined) {
    values[`pressure_${resource}_waiting_seconds_total`] = shiftDigits(waitingUs, MICROSECONDS);
  }
  if (stalledUs !== undefined) {
    values[`pressure_${resource}_stalled_seconds_total`] = shiftDigits(stalledUs, MICROSECONDS);
  }
  return true;
}

/** kata_guest_pressure_*, from /proc/pressure. A kernel that has none when it is first read has none later either. */
export function createPressureCollector(): (context: GuestContext) => CatalogFamily[] {
  let isAbsent = false;
  return ({ procfs }) => {
    if (isAbsent) {
      return [];
    }
    const values: PressureValues = {};
    for (const resource of pressureResources) {
      addPressure(values, resource, procfs, ['pressure', resource]);
    }
    const names = Object.keys(values) as PressureName[];
    isAbsent = names.length === 0;
    return names.map((name) => singleFamily(`kata_guest_${name}`, values[name]!));
  };
}
