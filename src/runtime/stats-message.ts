/**
 * Converts the statistics of a container in the guest to the message that containerd reads, that of cgroup version 2.
 */

import { create } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import type { StatsContainerResponse } from '../proto/index.ts';
import { CgroupMetricsSchema } from '../runtime-proto/index.ts';

const NS_PER_US = 1000n;
const MAX_UINT64 = 2n ** 64n - 1n;

/** Packs the statistics with the bare name of their type, as containerd registers it. */
export function toMetricsAny({ cgroupStats, networkStats }: StatsContainerResponse): Any {
  const memory = cgroupStats?.memoryStats;
  const stat = (name: string): bigint => memory?.stats[name] ?? 0n;
  const cpu = cgroupStats?.cpuStats;
  const metrics = create(CgroupMetricsSchema, {
    pids: { current: cgroupStats?.pidsStats?.current ?? 0n, limit: cgroupStats?.pidsStats?.limit ?? 0n },
    cpu: {
      usageUsec: (cpu?.cpuUsage?.totalUsage ?? 0n) / NS_PER_US,
      userUsec: (cpu?.cpuUsage?.usageInUsermode ?? 0n) / NS_PER_US,
      systemUsec: (cpu?.cpuUsage?.usageInKernelmode ?? 0n) / NS_PER_US,
      nrPeriods: cpu?.throttlingData?.periods ?? 0n,
      nrThrottled: cpu?.throttlingData?.throttledPeriods ?? 0n,
      throttledUsec: (cpu?.throttlingData?.throttledTime ?? 0n) / NS_PER_US,
    },
    memory: {
      anon: stat('anon'),
      file: stat('file'),
      kernelStack: stat('kernel_stack'),
      slab: stat('slab'),
      sock: stat('sock'),
      shmem: stat('shmem'),
      fileMapped: stat('file_mapped'),
      fileDirty: stat('file_dirty'),
      fileWriteback: stat('file_writeback'),
      anonThp: stat('anon_thp'),
      inactiveAnon: stat('inactive_anon'),
      activeAnon: stat('active_anon'),
      inactiveFile: stat('inactive_file'),
      activeFile: stat('active_file'),
      pgfault: stat('pgfault'),
      pgmajfault: stat('pgmajfault'),
      usage: memory?.usage?.usage ?? 0n,
      usageLimit: memory?.usage?.limit ?? 0n,
      swapUsage: memory?.swapUsage?.usage ?? 0n,
      swapLimit: memory?.swapUsage?.limit ?? 0n,
      maxUsage: memory?.usage?.maxUsage ?? 0n,
    },
    io: { usage: toIoEntries(cgroupStats?.blkioStats) },
    network: networkStats.map(({ $typeName: _, ...counters }) => counters),
  });
  return { ...anyPack(CgroupMetricsSchema, metrics), typeUrl: CgroupMetricsSchema.typeName };
}

type BlkioStats = NonNullable<NonNullable<StatsContainerResponse['cgroupStats']>['blkioStats']>;

/** Merges the entries of each operation into one entry for each device. */
function toIoEntries(stats: BlkioStats | undefined) {
  const devices = new Map<
    string,
    { major: bigint; minor: bigint; rbytes: bigint; wbytes: bigint; rios: bigint; wios: bigint }
  >();
  const add = (entries: BlkioStats['ioServicedRecursive'], read: 'rbytes' | 'rios', write: 'wbytes' | 'wios'): void => {
    for (const { major, minor, op, value } of entries) {
      const key = `${major}:${minor}`;
      const device = devices.get(key) ?? { major, minor, rbytes: 0n, wbytes: 0n, rios: 0n, wios: 0n };
      devices.set(key, device);
      const name = op === 'Read' ? read : op === 'Write' ? write : undefined;
      if (name !== undefined) {
        // A guest may send any number of entries: a sum that the field cannot hold would fail the whole response.
        const sum = device[name] + value;
        device[name] = sum > MAX_UINT64 ? MAX_UINT64 : sum;
      }
    }
  };
  add(stats?.ioServiceBytesRecursive ?? [], 'rbytes', 'wbytes');
  add(stats?.ioServicedRecursive ?? [], 'rios', 'wios');
  return [...devices.values()];
}
