/**
 * Creates or finds the cgroup of a sandbox, and logs the reason if there is none. Called before the hypervisor is
 * started.
 */

import { findCgroupHierarchy, type Procfs, readMountinfo, readProcessCgroups } from '../../procfs/index.ts';
import type { Log } from '../../program/index.ts';
import { lookAtSandboxCgroup, makeSandboxCgroup, nameOfCgroup, type SandboxCgroup } from './sandbox-cgroup.ts';
import { makeShimCgroup, type ShimCgroup } from './shim-cgroup.ts';

/**
 * `make`: of the sandbox's own, for one that the shim starts; below `parentPath`, from the root of the cgroups, by default
 * below the shim's own; `hasShim`: the shim is to be in it too; `hasWorkload`: the workload gets a separate one in it, and
 * the overhead is measured from processes. `given`: there already, by its path from the root of the
 * cgroups; only looked at. `none`: its processes are measured.
 */
export type CgroupPlan =
  | { readonly kind: 'make'; readonly parentPath?: string; readonly hasShim?: boolean; readonly hasWorkload?: boolean }
  | { readonly kind: 'given'; readonly path: string }
  | { readonly kind: 'none' };

export interface PrepareCgroupOptions {
  readonly plan: CgroupPlan;
  readonly procfs: Procfs;
  readonly sandboxId: string;
  readonly directoryPath: string;
  readonly log: Log;
}

/** Undefined where there is none: then the sandbox's processes are measured. Never rejects. */
export async function prepareCgroup(options: PrepareCgroupOptions): Promise<SandboxCgroup | undefined> {
  const { plan, procfs, sandboxId, directoryPath, log } = options;
  if (plan.kind === 'none') {
    return undefined;
  }
  try {
    const [mounts, own] = await Promise.all([readMountinfo(procfs, 'self'), readProcessCgroups(procfs, 'self')]);
    const hierarchy = findCgroupHierarchy(mounts ?? []);
    if (hierarchy === undefined) {
      log.info('No cgroups are mounted here: overhead is measured by processes');
      return undefined;
    }
    if (plan.kind === 'given') {
      return await lookAtSandboxCgroup(hierarchy, plan.path, procfs.skipped);
    }
    const { parentPath, hasWorkload = false } = plan;
    return makeSandboxCgroup({
      hierarchy,
      own: own ?? [],
      sandboxId,
      directoryPath,
      skipped: procfs.skipped,
      hasWorkload,
      ...(parentPath !== undefined && { parentPath }),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.info(`The sandbox has no cgroup, overhead is measured by processes: ${reason}`);
    return undefined;
  }
}

/** A cgroup that this process has entered. */
export interface EnteredCgroup extends ShimCgroup {
  /** CPU time of this process before, in nanoseconds, without what the cgroup has counted for an earlier shim. */
  readonly outsideNs: number;
}

/** Moves the shim into a separate cgroup. Undefined where that is not possible. Never rejects. */
export async function enterShimCgroup({
  procfs,
  sandboxId,
  directoryPath,
  log,
}: Omit<PrepareCgroupOptions, 'plan'>): Promise<EnteredCgroup | undefined> {
  try {
    const [mounts, own] = await Promise.all([readMountinfo(procfs, 'self'), readProcessCgroups(procfs, 'self')]);
    const hierarchy = findCgroupHierarchy(mounts ?? []);
    if (hierarchy === undefined) {
      return undefined;
    }
    const name = `${nameOfCgroup({ sandboxId, directoryPath })}-shim`;
    const cgroup = makeShimCgroup({ hierarchy, own: own ?? [], name });
    try {
      const beforeNs = cgroup.readNs();
      cgroup.enter();
      const { user, system } = process.cpuUsage();
      return { ...cgroup, outsideNs: (user + system) * NS_PER_US - beforeNs };
    } catch (error) {
      cgroup.remove();
      throw error;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.debug(`The shim has no cgroup, its CPU time is known up to its last words: ${reason}`);
    return undefined;
  }
}

const NS_PER_US = 1000;
const US_PER_SECOND = 1e6;

/**
 * Moves the shim into the cgroup: after its guard was started, which has to be outside to remove the cgroup. Returns the CPU
 * seconds that the shim used before; undefined when it stays outside.
 */
export function enterCgroup(cgroup: SandboxCgroup | undefined, plan: CgroupPlan, log: Log): number | undefined {
  if (cgroup === undefined || plan.kind !== 'make' || !plan.hasShim) {
    return undefined;
  }
  try {
    const { user, system } = process.cpuUsage();
    cgroup.enter();
    return (user + system) / US_PER_SECOND;
  } catch (error) {
    log.warn(`Cannot move the shim into the sandbox's cgroup: ${String(error)}`);
    return undefined;
  }
}

/** A callback for every process of the sandbox. */
export function addTo(cgroup: Pick<SandboxCgroup, 'add'> | undefined, log: Log): (pid: number) => void {
  return (pid) => {
    try {
      cgroup?.add(pid);
    } catch (error) {
      // It has ended already, or stays in its own cgroup: then it is measured as a process.
      log.warn(
        `Cannot move process ${pid} into the sandbox's cgroup: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
}
