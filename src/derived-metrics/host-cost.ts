/**
 * Memory and CPU time of the sandbox's processes on the host. If the value of a process is missing, the sum would be wrong
 * and is omitted.
 */
import type { BodyLines } from './body-lines.ts';
import { type DeriveContext, type DerivedMetric, type DeriveMetrics, type ReadLine, sumOf } from './derived-metric.ts';
import { findRuntime, type Runtime } from './shim-runtime.ts';

/** USER_HZ, the unit of /proc/<pid>/stat: 100 on every architecture that Kata Containers supports. See time(7). */
const TICKS_PER_SECOND = 100;
const BYTES_PER_KIB = 1024;

const statusUnitBytes: Readonly<Record<Runtime, number>> = {
  'go-shim': 1,
  'kata-shim': BYTES_PER_KIB,
  'runtime-rs': BYTES_PER_KIB,
};

export const deriveHostCost: DeriveMetrics = (context) => [...deriveProcesses(context), ...deriveOverhead(context)];

/** Values from here on are negative numbers that wrapped around in the unsigned subtraction of older Go shims. */
const MIN_WRAPPED = 2 ** 63;

/**
 * The overhead is defined by the shim, which knows the cgroup of the sandbox. 0 bytes is not a measurement: the Go shim
 * exports it until it has measured.
 */
function deriveOverhead({ lines }: DeriveContext): DerivedMetric[] {
  const line = lines.find('kata_shim_pod_overhead_memory_in_bytes', {});
  if (line === undefined) {
    return [];
  }
  const compute = (read: ReadLine): number => {
    const bytes = read(line);
    return bytes > 0 && bytes < MIN_WRAPPED ? bytes : Number.NaN;
  };
  return [{ name: 'kata_sandbox_overhead_memory_bytes', labels: {}, compute }];
}

function deriveProcesses(context: DeriveContext): DerivedMetric[] {
  const { lines } = context;
  const runtime = findRuntime(lines.families);
  const processes = runtime === undefined ? undefined : findProcesses(runtime, context);
  if (runtime === undefined || processes === undefined) {
    return [];
  }
  const memory = sumOfAll(processes, (process) => findAll(lines, `${process}_proc_status`, ['vmrss']));
  const cpu = sumOfAll(processes, (process) => findAll(lines, `${process}_proc_stat`, ['utime', 'stime']));
  const metrics: DerivedMetric[] = [];
  if (memory !== undefined) {
    const memoryBytes = (read: ReadLine): number => memory(read) * statusUnitBytes[runtime];
    metrics.push({ name: 'kata_sandbox_host_memory_bytes', labels: {}, compute: memoryBytes });
  }
  if (cpu !== undefined) {
    const compute = (read: ReadLine): number => cpu(read) / TICKS_PER_SECOND;
    metrics.push({ name: 'kata_sandbox_host_cpu_seconds_total', labels: {}, compute });
  }
  return metrics;
}

/** Prefixes of the families of each process; undefined when the body does not show which processes exist. */
function findProcesses(runtime: Runtime, { lines, isPartial }: DeriveContext): string[] | undefined {
  // The Go shim and ours write the families of their own process last among those of the host: if present, all are.
  const isHostPartWhole = !isPartial || (runtime !== 'runtime-rs' && lines.has('process_open_fds'));
  if (!isHostPartWhole) {
    return undefined;
  }
  const hasProcess = (prefix: string): boolean =>
    lines.has(`${prefix}_proc_stat`) || lines.has(`${prefix}_proc_status`);
  const processes = ['kata_shim'];
  if (runtime !== 'runtime-rs' || hasProcess('kata_hypervisor')) {
    processes.push('kata_hypervisor');
  }
  // Not every sandbox has virtiofsd.
  if (hasProcess('kata_virtiofsd')) {
    processes.push('kata_virtiofsd');
  }
  return processes;
}

function sumOfAll(
  processes: readonly string[],
  find: (process: string) => readonly number[] | undefined,
): ((read: ReadLine) => number) | undefined {
  const found = processes.map(find);
  return found.every((lines) => lines !== undefined) ? sumOf(found.flat()) : undefined;
}

function findAll(lines: BodyLines, family: string, items: readonly string[]): number[] | undefined {
  const found = items.map((item) => lines.find(family, { item }));
  return found.every((line) => line !== undefined) ? found : undefined;
}
