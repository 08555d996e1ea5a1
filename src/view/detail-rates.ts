/**
 * Rates that only the details of a sandbox have: CPU time by mode, pressure (PSI), and waiting for the host; and what has
 * happened in the guest that a person should know. Pure.
 */
import type { FamilyStatus, SandboxDetail } from '../api/index.ts';

/** Modes of proc_stat(5); `user` includes `guest`. */
export const cpuModes = ['user', 'nice', 'system', 'irq', 'softirq', 'steal', 'iowait'] as const;

export type CpuMode = (typeof cpuModes)[number];

interface Source {
  readonly family: string;
  /** Labels of the samples, whose values are added up. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Seconds in one unit of the family. */
  readonly seconds?: number;
  /** Whether the host counts it. */
  readonly isOfHost?: boolean;
}

const ofMode = (item: CpuMode): Source => ({
  family: 'kata_guest_cpu_time',
  labels: { cpu: 'total', item },
  seconds: 0.001,
});

/** A rate of seconds per second: CPUs in use, or the part of the time in which a task waited. */
const sources = {
  ...(Object.fromEntries(cpuModes.map((mode) => [mode, ofMode(mode)])) as Readonly<Record<CpuMode, Source>>),
  guestWaitsForCpu: { family: 'kata_guest_pressure_cpu_waiting_seconds_total' },
  guestWaitsForMemory: { family: 'kata_guest_pressure_memory_waiting_seconds_total' },
  guestWaitsForIo: { family: 'kata_guest_pressure_io_waiting_seconds_total' },
  hostWaitsForCpu: { family: 'kata_shim_sandbox_pressure_cpu_waiting_seconds_total', isOfHost: true },
  hostWaitsForMemory: { family: 'kata_shim_sandbox_pressure_memory_waiting_seconds_total', isOfHost: true },
  hostWaitsForIo: { family: 'kata_shim_sandbox_pressure_io_waiting_seconds_total', isOfHost: true },
  vcpusWait: { family: 'kata_hypervisor_vcpu_wait_seconds_total', isOfHost: true },
} as const satisfies Readonly<Record<string, Source>>;

export type DetailField = keyof typeof sources;

export const detailFields = Object.keys(sources) as DetailField[];

export interface DetailTotals {
  /** When the shim responded, in seconds since 1970. */
  readonly atSeconds: number;
  /** Time by the clock of the guest; null if unknown. */
  readonly guestSeconds: number | null;
  /** Totals in seconds. A field that the sandbox does not have is missing. */
  readonly seconds: ReadonlyMap<DetailField, number>;
}

/** Undefined if the shim has not responded. */
export function readDetailTotals({ sandbox, families }: SandboxDetail): DetailTotals | undefined {
  if (sandbox.readSeconds === null) {
    return undefined;
  }
  const byName = new Map(families.map((family) => [family.name, family]));
  const seconds = new Map<DetailField, number>();
  for (const field of detailFields) {
    const { family, labels = {}, seconds: unit = 1 }: Source = sources[field];
    const total = sum(byName.get(family), labels);
    if (total !== undefined) {
      seconds.set(field, total * unit);
    }
  }
  return { atSeconds: sandbox.readSeconds, guestSeconds: sandbox.uptimeSeconds ?? null, seconds };
}

/** Means since `before`; without fields that are unknown, or were started again in between. */
export function toDetailRates(now: DetailTotals, before: DetailTotals | undefined): ReadonlyMap<DetailField, number> {
  const elapsed = now.atSeconds - (before?.atSeconds ?? now.atSeconds);
  // The same as for the rates of the table.
  const guestElapsed = (now.guestSeconds ?? 0) - (before?.guestSeconds ?? now.guestSeconds ?? 0);
  const rates = new Map<DetailField, number>();
  for (const [field, seconds] of now.seconds) {
    const earlier = before?.seconds.get(field);
    if (earlier !== undefined && seconds >= earlier && elapsed > 0) {
      const { isOfHost = false }: Source = sources[field];
      rates.set(field, (seconds - earlier) / (isOfHost || guestElapsed <= 0 ? elapsed : guestElapsed));
    }
  }
  return rates;
}

const incidents: readonly (readonly [Source, (count: number) => string])[] = [
  [
    { family: 'kata_hypervisor_guest_events_total', labels: { event: 'panicked' } },
    (count) => `The kernel of the guest has panicked (${count}).`,
  ],
  [
    { family: 'kata_hypervisor_guest_events_total', labels: { event: 'watchdog' } },
    (count) => `The watchdog of the guest has fired (${count}).`,
  ],
  [
    { family: 'kata_guest_vm_stat', labels: { item: 'oom_kill' } },
    (count) => `The kernel of the guest has killed processes because memory was short (${count}).`,
  ],
  [
    { family: 'kata_shim_sandbox_oom_kills_total' },
    (count) => `The kernel of the host has killed processes of the sandbox because memory was short (${count}).`,
  ],
];

/** Describes what has happened since the guest or the sandbox started, one sentence each. Empty for most sandboxes. */
export function describeIncidents({ families }: SandboxDetail): string[] {
  const byName = new Map(families.map((family) => [family.name, family]));
  return incidents.flatMap(([{ family, labels = {} }, describe]) => {
    const count = sum(byName.get(family), labels) ?? 0;
    return count > 0 ? [describe(count)] : [];
  });
}

/** Undefined without samples. */
function sum(family: FamilyStatus | undefined, labels: Readonly<Record<string, string>>): number | undefined {
  const wanted = Object.entries(labels);
  const values = (family?.samples ?? [])
    .filter((sample) => wanted.every(([name, value]) => sample.labels[name] === value))
    .map(({ value }) => Number(value))
    .filter((value) => Number.isFinite(value));
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
}
