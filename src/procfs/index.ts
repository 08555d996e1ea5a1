/**
 * Files of /proc and of cgroups: one reader and one parser for each. A reader takes a root and returns undefined for a file
 * that does not exist or cannot be read, and records the latter. Parsers are pure, and skip lines that they cannot use.
 * Values are in the units of the kernel's documentation (proc(5), Documentation/admin-guide/cgroup-v2.rst).
 */
export { type CgroupBlkio, parseCgroupBlkio, readCgroupBlkio } from './cgroup/blkio.ts';
export { type CgroupHierarchy, cgroupDirectory, findCgroupHierarchy } from './cgroup/cgroup.ts';
export { parseCpuacctUsagePercpu, readCpuacctUsagePercpu } from './cgroup/cpuacct-usage-percpu.ts';
export { parseCgroupFlatKeyed, readCgroupFlatKeyed } from './cgroup/flat-keyed.ts';
export { findHugetlbSizes, readHugetlbSizes } from './cgroup/hugetlb.ts';
export { type CgroupIo, parseCgroupIoStat, readCgroupIoStat } from './cgroup/io-stat.ts';
export { parseCgroupProcs, readCgroupProcs } from './cgroup/procs.ts';
export { parseCgroupLimit, parseCgroupValue, readCgroupLimit, readCgroupValue } from './cgroup/value.ts';
export { copyText } from './copy-text.ts';
export { type DiskColumn, type DiskStats, parseDiskstats, readDiskstats } from './diskstats.ts';
export { type Loadavg, parseLoadavg, readLoadavg } from './loadavg.ts';
export { parseMeminfo, readMeminfo } from './meminfo.ts';
export { type MountinfoEntry, parseMountinfo, readMountinfo } from './mountinfo.ts';
export type { NameValue } from './name-value.ts';
export { type NetDevice, parseNetDev, type ReceiveColumn, readNetDev, type TransmitColumn } from './net-dev.ts';
export { type NetstatOctets, parseNetstatOctets, readNetstatOctets } from './net-netstat.ts';
export { type Pressure, parsePressure, readPressure } from './pressure.ts';
export { type ProcessCgroup, parseProcessCgroups, readProcessCgroups } from './process-cgroup.ts';
export { countProcessFds } from './process-fd.ts';
export { parseProcessIo, readProcessIo } from './process-io.ts';
export { type ProcessLimits, parseProcessLimits, readProcessLimits } from './process-limits.ts';
export { type ProcessStat, parseProcessStat, readProcessStat } from './process-stat.ts';
export { type ProcessStatusEntry, parseProcessStatus, readProcessStatus } from './process-status.ts';
export { createProcfs, keepOpen, type Pid, type Procfs, snapshotOf } from './read.ts';
export { type OnSkipped, SkippedLines, type SkippedRecord } from './skipped.ts';
export { type CpuColumn, type CpuTime, parseStat, readStat, type Stat } from './stat.ts';
export { parseSchedstatWait, readThreadIds, readThreadName, readThreadWaitNs } from './thread.ts';
export { parseUptime, readUptime, type Uptime } from './uptime.ts';
export { parseVmstat, readVmstat } from './vmstat.ts';
