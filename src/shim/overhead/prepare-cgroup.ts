/**
 * Gives a sandbox its cgroup where that is possible, and says it where it is not. Called before the hypervisor is started.
 */
import type { Log } from '../../log/index.ts';
import { findCgroupHierarchy, type Procfs, readMountinfo, readProcessCgroups } from '../../procfs/index.ts';
import { makeSandboxCgroup, type SandboxCgroup } from './sandbox-cgroup.ts';

export interface PrepareCgroupOptions {
  readonly procfs: Procfs;
  readonly sandboxId: string;
  readonly directoryPath: string;
  readonly log: Log;
}

/** Undefined where there is none: then the sandbox's processes are measured. Never rejects. */
export async function prepareCgroup({
  procfs,
  sandboxId,
  directoryPath,
  log,
}: PrepareCgroupOptions): Promise<SandboxCgroup | undefined> {
  try {
    const [mounts, own] = await Promise.all([readMountinfo(procfs, 'self'), readProcessCgroups(procfs, 'self')]);
    const hierarchy = findCgroupHierarchy(mounts ?? []);
    if (hierarchy === undefined) {
      log.info('No cgroups are mounted here: overhead is measured by processes');
      return undefined;
    }
    return makeSandboxCgroup({ hierarchy, own: own ?? [], sandboxId, directoryPath });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.info(`The sandbox has no cgroup of its own, overhead is measured by processes: ${reason}`);
    return undefined;
  }
}

/** What is told of every process of the sandbox. */
export function addTo(cgroup: SandboxCgroup | undefined, log: Log): (pid: number) => void {
  return (pid) => {
    try {
      cgroup?.add(pid);
    } catch (error) {
      // It has ended already, or stays where it is: then it is counted by its own figures.
      log.warn(
        `Cannot put process ${pid} into the sandbox's cgroup: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
}
