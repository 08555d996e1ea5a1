/**
 * Pressure (PSI) of a machine or a cgroup, named as the kubelet and cAdvisor name it for containers:
 * `container_pressure_{cpu,memory,io}_{waiting,stalled}_seconds_total`; and the counters of a cgroup's limits.
 */
import type { FamilyTemplate } from './definition.ts';

const seconds = { type: 'counter', unit: 'seconds', isContract: false } as const;
const count = { type: 'counter', isContract: false } as const;

const ABSENT = 'absent if the kernel has no PSI';

export interface PressureScope<L> {
  /** Subject of the families, as a phrase for their HELP: `the guest`. */
  readonly of: string;
  readonly labels: L;
  /** The file of one resource: `/proc/pressure/<resource>`. */
  readonly file: (resource: 'cpu' | 'io' | 'memory') => string;
}

/** The six families of pressure. */
export function pressureFamilies<const L extends FamilyTemplate['labels']>({ of, labels, file }: PressureScope<L>) {
  const row = <const R extends 'cpu' | 'io' | 'memory'>(resource: R, line: 'some' | 'full', what: string) =>
    ({
      ...seconds,
      help: `Time in which ${what}.`,
      labels,
      value: `seconds, total of "${line}"; ${ABSENT}`,
      source: file(resource),
    }) as const;
  return {
    pressure_cpu_waiting_seconds_total: row('cpu', 'some', `at least one task of ${of} waited for a CPU`),
    pressure_cpu_stalled_seconds_total: row('cpu', 'full', `all non-idle tasks of ${of} waited for a CPU`),
    pressure_memory_waiting_seconds_total: row('memory', 'some', `at least one task of ${of} was stalled on memory`),
    pressure_memory_stalled_seconds_total: row('memory', 'full', `all non-idle tasks of ${of} were stalled on memory`),
    pressure_io_waiting_seconds_total: row('io', 'some', `at least one task of ${of} was stalled on I/O`),
    pressure_io_stalled_seconds_total: row('io', 'full', `all non-idle tasks of ${of} were stalled on I/O`),
  } as const;
}

/** Families of a cgroup other than its pressure. `where`: whose cgroup it is, for the column `source`. */
export function cgroupLimitFamilies<const L extends FamilyTemplate['labels']>({
  of,
  labels,
  where,
}: {
  readonly of: string;
  readonly labels: L;
  readonly where: string;
}) {
  return {
    oom_kills_total: {
      ...count,
      help: `Processes of ${of} that the kernel killed because memory was short.`,
      labels,
      value: 'oom_kill, a count; those of cgroups below it are included in cgroup v2',
      source: `memory.events of ${where}; memory.oom_control in cgroup v1, since Linux 4.13`,
    },
    cpu_cfs_periods_total: {
      ...count,
      help: `Enforcement periods of the CPU limit of ${of} that have elapsed.`,
      labels,
      value: 'nr_periods, a count; 0 without a limit',
      source: `cpu.stat of ${where}`,
    },
    cpu_cfs_throttled_periods_total: {
      ...count,
      help: `Enforcement periods of the CPU limit in which ${of} was throttled.`,
      labels,
      value: 'nr_throttled, a count; 0 without a limit',
      source: `cpu.stat of ${where}`,
    },
    cpu_cfs_throttled_seconds_total: {
      ...seconds,
      help: `Time for which the CPU limit throttled ${of}, summed over CPUs.`,
      labels,
      value: 'throttled_usec (throttled_time in cgroup v1) in seconds; 0 without a limit',
      source: `cpu.stat of ${where}`,
    },
  } as const;
}
