/**
 * Reads a v1 cgroup, which is one directory in each hierarchy, as the message of StatsContainer. Files are those of
 * Documentation/admin-guide/cgroup-v1/. If a controller is not mounted, only its statistics are missing.
 */
import { TICKS_PER_SECOND } from '../../collectors/index.ts';
import {
  type CgroupBlkio,
  type Procfs,
  readCgroupBlkio,
  readCgroupFlatKeyed,
  readCgroupLimit,
  readCgroupValue,
  readCpuacctUsagePercpu,
  readHugetlbSizes,
} from '../../procfs/index.ts';
import {
  type BlkioEntryInit,
  type CgroupStatsInit,
  toByteLimit,
  toCpuUsage,
  toPidLimit,
  toStatMap,
  toU64,
} from './stats-message.ts';

/** The cgroup's directory in the hierarchy of a controller; undefined where that is not mounted. */
export type DirectoryOf = (controller: string) => Procfs | undefined;

const NS_PER_TICK = BigInt(1e9 / TICKS_PER_SECOND);

export async function readCgroupV1Stats(directoryOf: DirectoryOf): Promise<CgroupStatsInit> {
  const [cpuStats, memoryStats, pidsStats, blkioStats, hugetlbStats] = await Promise.all([
    readCpu(directoryOf('cpuacct'), directoryOf('cpu')),
    readMemory(directoryOf('memory')),
    readPids(directoryOf('pids')),
    readBlkio(directoryOf('blkio')),
    readHugetlb(directoryOf('hugetlb')),
  ]);
  return { cpuStats, memoryStats, pidsStats, blkioStats, hugetlbStats };
}

async function readCpu(cpuacct: Procfs | undefined, cpu: Procfs | undefined) {
  const [total, user, kernel, ticks, percpu, throttling] = await Promise.all([
    cpuacct && readCgroupValue(cpuacct, 'cpuacct.usage'),
    cpuacct && readCgroupValue(cpuacct, 'cpuacct.usage_user'),
    cpuacct && readCgroupValue(cpuacct, 'cpuacct.usage_sys'),
    cpuacct && readCgroupFlatKeyed(cpuacct, 'cpuacct.stat'),
    cpuacct && readCpuacctUsagePercpu(cpuacct),
    cpu && readCgroupFlatKeyed(cpu, 'cpu.stat'),
  ]);
  // Kernels before 4.7 have the two parts in ticks only.
  const parts = { kernel: kernel ?? toNs(ticks?.get('system')), user: user ?? toNs(ticks?.get('user')) };
  const usage = toCpuUsage({ total, ...parts }, 1n);
  return {
    ...(usage && { cpuUsage: { ...usage, percpuUsage: (percpu ?? []).map((digits) => toU64(digits)) } }),
    throttlingData: {
      periods: toU64(throttling?.get('nr_periods')),
      throttledPeriods: toU64(throttling?.get('nr_throttled')),
      throttledTime: toU64(throttling?.get('throttled_time')),
    },
  };
}

function toNs(ticks: string | undefined): string | undefined {
  return ticks === undefined ? undefined : String(BigInt(ticks) * NS_PER_TICK);
}

async function readMemory(memory: Procfs | undefined) {
  if (memory === undefined) {
    return {};
  }
  const [stat, hierarchical, usage, swapUsage, kernelUsage] = await Promise.all([
    readCgroupFlatKeyed(memory, 'memory.stat'),
    readCgroupValue(memory, 'memory.use_hierarchy'),
    readUsage(memory, 'memory'),
    readUsage(memory, 'memory.memsw'),
    readUsage(memory, 'memory.kmem'),
  ]);
  return {
    cache: toU64(stat?.get('cache')),
    ...(usage && { usage }),
    ...(swapUsage && { swapUsage }),
    ...(kernelUsage && { kernelUsage }),
    useHierarchy: hierarchical === '1',
    stats: toStatMap(stat),
  };
}

/** Bytes. A limit that is not set is a large number of the kernel's own. Undefined where the usage is not known. */
async function readUsage(cgroup: Procfs, name: string) {
  const [usage, maxUsage, failcnt, limit] = await Promise.all([
    readCgroupValue(cgroup, `${name}.usage_in_bytes`),
    readCgroupValue(cgroup, `${name}.max_usage_in_bytes`),
    readCgroupValue(cgroup, `${name}.failcnt`),
    readCgroupLimit(cgroup, `${name}.limit_in_bytes`),
  ]);
  return usage === undefined
    ? undefined
    : { usage: toU64(usage), maxUsage: toU64(maxUsage), failcnt: toU64(failcnt), limit: toByteLimit(limit) };
}

async function readPids(pids: Procfs | undefined) {
  const [current, max] = await Promise.all([
    pids && readCgroupValue(pids, 'pids.current'),
    pids && readCgroupLimit(pids, 'pids.max'),
  ]);
  return { current: toU64(current), limit: toPidLimit(max) };
}

/** The scheduler that kept the other six kinds is gone since Linux 5.0; throttling has always had these two. */
async function readBlkio(blkio: Procfs | undefined) {
  if (blkio === undefined) {
    return {};
  }
  const files = {
    ioServiceBytesRecursive: ['blkio.io_service_bytes_recursive', 'blkio.throttle.io_service_bytes_recursive'],
    ioServicedRecursive: ['blkio.io_serviced_recursive', 'blkio.throttle.io_serviced_recursive'],
    ioQueuedRecursive: ['blkio.io_queued_recursive'],
    ioServiceTimeRecursive: ['blkio.io_service_time_recursive'],
    ioWaitTimeRecursive: ['blkio.io_wait_time_recursive'],
    ioMergedRecursive: ['blkio.io_merged_recursive'],
    ioTimeRecursive: ['blkio.time_recursive'],
    sectorsRecursive: ['blkio.sectors_recursive'],
  };
  const read = Object.entries(files).map(async ([field, names]) => [field, await readFirst(blkio, names)] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** Entries of the first of these files that has any. */
async function readFirst(blkio: Procfs, names: readonly string[]): Promise<BlkioEntryInit[]> {
  for (const name of names) {
    const entries = (await readCgroupBlkio(blkio, name)) ?? [];
    if (entries.length > 0) {
      return entries.map(toEntry);
    }
  }
  return [];
}

function toEntry({ major, minor, op, value }: CgroupBlkio): BlkioEntryInit {
  return { major: toU64(major), minor: toU64(minor), op, value: toU64(value) };
}

async function readHugetlb(hugetlb: Procfs | undefined) {
  if (hugetlb === undefined) {
    return {};
  }
  const sizes = await readHugetlbSizes(hugetlb);
  const stats = sizes.map(async (size) => {
    const read = await readUsage(hugetlb, `hugetlb.${size}`);
    if (read === undefined) {
      return [];
    }
    const { limit: _notInTheMessage, ...usage } = read;
    return [[size, usage] as const];
  });
  return Object.fromEntries((await Promise.all(stats)).flat());
}
