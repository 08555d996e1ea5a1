/**
 * One file for each group of families: each collector returns families of the catalog and prints nothing. Programs list
 * the ones they want.
 */
export { collectAgentIo, collectAgentStat, collectAgentStatus } from './agent-process.ts';
export { CgroupLimitsReader, type CgroupValues, createContainerCollector, toSandboxFamilies } from './cgroup-limits.ts';
export { type Collected, type Collector, type CollectorProblem, collectFamilies } from './collect.ts';
export { LabelledCounter, LabelledHistogram, PlainCounter, PlainHistogram } from './counters.ts';
export { type CatalogFamily, type CatalogSample, family, openFamily, singleFamily } from './family.ts';
export { collectGoRuntime, type GoRuntimeContext } from './go-runtime.ts';
export type { GuestContext } from './guest-context.ts';
export { collectGuestCpu } from './guest-cpu.ts';
export { collectGuestDisk } from './guest-disk.ts';
export { createFilesystemCollector } from './guest-filesystem.ts';
export { collectGuestLoad } from './guest-load.ts';
export { collectGuestMemory } from './guest-memory.ts';
export { collectGuestNet } from './guest-net.ts';
export { collectGuestUptime } from './guest-uptime.ts';
export { collectGuestVmStat } from './guest-vm-stat.ts';
export { type HeapReading, readHeap } from './heap-reading.ts';
export {
  collectHostFds,
  collectHostIo,
  collectHostNetDev,
  collectHostStat,
  collectHostStatus,
  type HostPrefix,
  type HostProcessContext,
} from './host-process.ts';
export { readPageSizeBytes, TICKS_PER_SECOND } from './machine.ts';
export { collectNodeRuntime, type NodeRuntimeContext } from './node-runtime.ts';
export { collectOwnProcess, type OwnPrefix, type OwnProcessContext } from './own-process.ts';
export { createPressureCollector } from './pressure.ts';
export { findStatusKib } from './process-status-items.ts';
export { type RuntimeObserver, startRuntimeObserver } from './runtime-observer.ts';
export { collectSkippedLines } from './skipped-lines.ts';
export { VcpuWaitCollector } from './vcpu-wait.ts';
