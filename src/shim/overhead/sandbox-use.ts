/**
 * The use of a whole sandbox on the host: its cgroup, if it has one, and its processes outside of it. Called at each
 * request for metrics.
 */
import type { Procfs } from '../../procfs/index.ts';
import type { ProcessReference } from '../processes/host-processes.ts';
import { readProcessesUse } from './process-use.ts';
import type { SandboxCgroup } from './sandbox-cgroup.ts';
import { addUses, type Use } from './use.ts';

export interface SandboxUseOptions {
  readonly procfs: Procfs;
  /** All that are known now: some of them may be in the cgroup. */
  readonly processes: readonly ProcessReference[];
  readonly cgroup: SandboxCgroup | undefined;
}

/**
 * Each value comes from the cgroup if the cgroup has it, else from processes alone. The two are never added for the same
 * process: where it is not known which processes are in the cgroup, only processes are measured.
 */
export async function readSandboxUse({ procfs, processes, cgroup }: SandboxUseOptions): Promise<Use> {
  if (cgroup === undefined) {
    return readProcessesUse(procfs, processes);
  }
  const [inside, pids] = await Promise.all([cgroup.readUse(), cgroup.readPids()]);
  if (pids === undefined) {
    return readProcessesUse(procfs, processes);
  }
  const outside = await readProcessesUse(
    procfs,
    processes.filter(({ pid }) => !pids.has(pid)),
  );
  const together = addUses([inside, outside]);
  if (inside.memoryBytes !== undefined && inside.cpuMs !== undefined) {
    return together;
  }
  const alone = await readProcessesUse(procfs, processes);
  return {
    memoryBytes: inside.memoryBytes === undefined ? alone.memoryBytes : together.memoryBytes,
    cpuMs: inside.cpuMs === undefined ? alone.cpuMs : together.cpuMs,
  };
}
