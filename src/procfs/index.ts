/**
 * The files of /proc: each read apart from parsed. Counters keep their digits.
 */
export { type DiskStats, parseDiskstats, readDiskstats } from './diskstats.ts';
export type { Entry } from './entries.ts';
export { type Loadavg, parseLoadavg, readLoadavg } from './loadavg.ts';
export { readMeminfo } from './meminfo.ts';
export { type MountinfoEntry, parseMountinfo, readMountinfo } from './mountinfo.ts';
export { type NetDevice, parseNetDev, readNetDev } from './net-dev.ts';
export { countProcessFds } from './process-fds.ts';
export { readProcessIo } from './process-io.ts';
export { type ProcessLimits, parseProcessLimits, readProcessLimits } from './process-limits.ts';
export { type ProcessStat, parseProcessStat, readProcessStat } from './process-stat.ts';
export { type ProcessStatusEntry, readProcessStatus } from './process-status.ts';
export { createProcfs, type Pid, type Procfs } from './procfs.ts';
export { ProcfsError, type ProcfsErrorCode } from './procfs-error.ts';
export { type CpuField, type CpuTimes, parseStat, readStat, type Stat } from './stat.ts';
export { readVmstat } from './vmstat.ts';
