/**
 * What the sandbox costs the host: memory and CPU time of its processes there. A sum with a part missing would lie, so
 * there is none then.
 */
import type { BodyLines } from './body-lines.ts';
import { type Figure, type FigureContext, type FigureMaker, type ReadLine, sumOf } from './derived-metric.ts';
import { findMaker, type Maker } from './shim-runtime.ts';

/** USER_HZ, the unit of /proc/<pid>/stat: 100 on every architecture that Kata Containers run on. See time(7). */
const TICKS_PER_SECOND = 100;
const BYTES_PER_KIB = 1024;

const statusUnitBytes: Readonly<Record<Maker, number>> = {
  'go-shim': 1,
  'kata-shim': BYTES_PER_KIB,
  'runtime-rs': BYTES_PER_KIB,
};

export const hostCostFigures: FigureMaker = (context) => [...processFigures(context), ...overheadFigures(context)];

/** An unsigned number that went below zero, as older Go shims subtract: 2^64 less what is missing. */
const MIN_WRAPPED = 2 ** 63;

/**
 * There is one definition of overhead, that of the shim, which knows the cgroup of the sandbox. No sandbox costs 0 bytes:
 * that is what the Go shim has as long as it has not measured.
 */
function overheadFigures({ lines }: FigureContext): Figure[] {
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

function processFigures(context: FigureContext): Figure[] {
  const { lines } = context;
  const maker = findMaker(lines.families);
  const processes = maker === undefined ? undefined : findProcesses(maker, context);
  if (maker === undefined || processes === undefined) {
    return [];
  }
  const memory = sumOfAll(processes, (process) => findAll(lines, `${process}_proc_status`, ['vmrss']));
  const cpu = sumOfAll(processes, (process) => findAll(lines, `${process}_proc_stat`, ['utime', 'stime']));
  const figures: Figure[] = [];
  if (memory !== undefined) {
    const memoryBytes = (read: ReadLine): number => memory(read) * statusUnitBytes[maker];
    figures.push({ name: 'kata_sandbox_host_memory_bytes', labels: {}, compute: memoryBytes });
  }
  if (cpu !== undefined) {
    const compute = (read: ReadLine): number => cpu(read) / TICKS_PER_SECOND;
    figures.push({ name: 'kata_sandbox_host_cpu_seconds_total', labels: {}, compute });
  }
  return figures;
}

/** Prefixes of the families of each process that there is; undefined when that cannot be told. */
function findProcesses(maker: Maker, { lines, isPartial }: FigureContext): string[] | undefined {
  // The Go shim and ours give their own process's families last of the host's part: with them, nothing of it is missing.
  const isHostPartWhole = !isPartial || (maker !== 'runtime-rs' && lines.has('process_open_fds'));
  if (!isHostPartWhole) {
    return undefined;
  }
  const hasProcess = (prefix: string): boolean =>
    lines.has(`${prefix}_proc_stat`) || lines.has(`${prefix}_proc_status`);
  const processes = ['kata_shim'];
  if (maker !== 'runtime-rs' || hasProcess('kata_hypervisor')) {
    processes.push('kata_hypervisor');
  }
  // Not every sandbox has one.
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
