/**
 * Reads a v2 cgroup as the message of StatsContainer. Files are those of Documentation/admin-guide/cgroup-v2.rst. If a
 * file is missing because its controller is disabled, only its statistics are missing.
 */
import {
  type CgroupIo,
  type Procfs,
  readCgroupFlatKeyed,
  readCgroupIoStat,
  readCgroupLimit,
  readCgroupValue,
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

const NS_PER_US = 1000n;

/** Operations as v1 names them, by what io.stat calls their bytes and their counts. */
const IO_BYTES = { Read: 'rbytes', Write: 'wbytes', Discard: 'dbytes' } as const;
const IO_COUNTS = { Read: 'rios', Write: 'wios', Discard: 'dios' } as const;

export async function readCgroupV2Stats(cgroup: Procfs): Promise<CgroupStatsInit> {
  const [cpuStats, memoryStats, pidsStats, io, hugetlbStats] = await Promise.all([
    readCpu(cgroup),
    readMemory(cgroup),
    readPids(cgroup),
    readCgroupIoStat(cgroup),
    readHugetlb(cgroup),
  ]);
  const blkioStats = {
    ioServiceBytesRecursive: toEntries(io ?? [], IO_BYTES),
    ioServicedRecursive: toEntries(io ?? [], IO_COUNTS),
  };
  return { cpuStats, memoryStats, pidsStats, blkioStats, hugetlbStats };
}

async function readCpu(cgroup: Procfs) {
  const stat = await readCgroupFlatKeyed(cgroup, 'cpu.stat');
  const digits = { total: stat?.get('usage_usec'), kernel: stat?.get('system_usec'), user: stat?.get('user_usec') };
  const cpuUsage = toCpuUsage(digits, NS_PER_US);
  return {
    ...(cpuUsage && { cpuUsage }),
    throttlingData: {
      periods: toU64(stat?.get('nr_periods')),
      throttledPeriods: toU64(stat?.get('nr_throttled')),
      throttledTime: toU64(stat?.get('throttled_usec'), NS_PER_US),
    },
  };
}

async function readMemory(cgroup: Procfs) {
  const [stat, events, swapEvents, usage, swapUsage] = await Promise.all([
    readCgroupFlatKeyed(cgroup, 'memory.stat'),
    readCgroupFlatKeyed(cgroup, 'memory.events'),
    readCgroupFlatKeyed(cgroup, 'memory.swap.events'),
    readUsage(cgroup, 'memory'),
    readUsage(cgroup, 'memory.swap'),
  ]);
  return {
    cache: toU64(stat?.get('file')),
    ...(usage && { usage: { ...usage, failcnt: toU64(events?.get('max')) } }),
    ...(swapUsage && { swapUsage: { ...swapUsage, failcnt: toU64(swapEvents?.get('fail')) } }),
    // Part of the usage in v2, with no separate limit.
    ...(stat?.has('kernel') && { kernelUsage: { usage: toU64(stat.get('kernel')) } }),
    // v2 has no other way.
    useHierarchy: true,
    stats: toStatMap(stat),
  };
}

/** Undefined where the usage is not known: a 0 would be a value. */
async function readUsage(cgroup: Procfs, name: 'memory' | 'memory.swap') {
  const [usage, peak, max] = await Promise.all([
    readCgroupValue(cgroup, `${name}.current`),
    readCgroupValue(cgroup, `${name}.peak`),
    readCgroupLimit(cgroup, `${name}.max`),
  ]);
  return usage === undefined ? undefined : { usage: toU64(usage), maxUsage: toU64(peak), limit: toByteLimit(max) };
}

async function readPids(cgroup: Procfs) {
  const [current, max] = await Promise.all([
    readCgroupValue(cgroup, 'pids.current'),
    readCgroupLimit(cgroup, 'pids.max'),
  ]);
  return { current: toU64(current), limit: toPidLimit(max) };
}

async function readHugetlb(cgroup: Procfs) {
  const sizes = await readHugetlbSizes(cgroup);
  const stats = sizes.map(async (size) => {
    const [current, events] = await Promise.all([
      readCgroupValue(cgroup, `hugetlb.${size}.current`),
      readCgroupFlatKeyed(cgroup, `hugetlb.${size}.events`),
    ]);
    return current === undefined
      ? []
      : [[size, { usage: toU64(current), failcnt: toU64(events?.get('max')) }] as const];
  });
  return Object.fromEntries((await Promise.all(stats)).flat());
}

/** Operations without a value for a device are omitted. */
function toEntries(devices: readonly CgroupIo[], names: Readonly<Record<string, string>>): BlkioEntryInit[] {
  return devices.flatMap(({ major, minor, fields }) =>
    Object.entries(names).flatMap(([op, name]) => {
      const value = fields.get(name);
      return value === undefined ? [] : [{ major: toU64(major), minor: toU64(minor), op, value: toU64(value) }];
    }),
  );
}
