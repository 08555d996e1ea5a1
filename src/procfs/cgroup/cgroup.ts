/**
 * The directories of a cgroup: one in the hierarchy of cgroup v2, or one in each hierarchy of cgroup v1. Pure; see
 * cgroups(7).
 */
import { join } from 'node:path';
import type { MountinfoEntry } from '../mountinfo.ts';
import { createProcfs, type Procfs } from '../read.ts';
import type { SkippedRecord } from '../skipped.ts';

/** Mount points of the cgroups of a machine. */
export type CgroupHierarchy =
  | { readonly kind: 'v2'; readonly root: string }
  /** Mount points by controller: `memory`, `cpuacct`; several controllers can share one. */
  | { readonly kind: 'v1'; readonly roots: ReadonlyMap<string, string> };

/** Controllers of v1 without which its hierarchies have no usage statistics. */
const ACCOUNTING = ['cpuacct', 'memory'] as const;

/**
 * Undefined where there is none. A machine can have both, and then the controllers are with v1: its v2 is for systemd's
 * own use and has no statistics.
 */
export function findCgroupHierarchy(mounts: readonly MountinfoEntry[]): CgroupHierarchy | undefined {
  const roots = new Map<string, string>();
  const cgroupMounts = mounts.filter(({ fsType }) => fsType === 'cgroup');
  for (const controller of new Set(cgroupMounts.flatMap(({ superOptions }) => superOptions))) {
    const mount = chooseMount(cgroupMounts.filter(({ superOptions }) => superOptions.includes(controller)));
    if (mount !== undefined) {
      roots.set(controller, mount.mountPoint);
    }
  }
  if (ACCOUNTING.some((controller) => roots.has(controller))) {
    return { kind: 'v1', roots };
  }
  const root = chooseMount(mounts.filter(({ fsType }) => fsType === 'cgroup2'))?.mountPoint;
  return root === undefined ? undefined : { kind: 'v2', root };
}

/** Path of the machine's own cgroups, by file-hierarchy(7) and systemd. */
const SYSTEM_PATH = /^\/sys\/fs\/cgroup(?:\/|$)/;

/**
 * The mount of the whole hierarchy; those of containers are bind mounts of a part. Of several, the one at the machine's
 * own place, else the first that was made. Where there are only parts, as in a container, the last covers the others.
 */
function chooseMount(mounts: readonly MountinfoEntry[]): MountinfoEntry | undefined {
  const whole = mounts.filter(({ root }) => root === '/');
  return whole.find(({ mountPoint }) => SYSTEM_PATH.test(mountPoint)) ?? whole[0] ?? mounts.at(-1);
}

/**
 * The directory that has a cgroup's files of one controller, for the readers of this folder. Undefined where v1 does not
 * have that controller. `skipped` gets what they cannot read.
 */
export function cgroupDirectory(
  hierarchy: CgroupHierarchy,
  controller: string,
  path: string,
  skipped?: SkippedRecord,
): Procfs | undefined {
  const root = hierarchy.kind === 'v2' ? hierarchy.root : hierarchy.roots.get(controller);
  return root === undefined ? undefined : createProcfs(join(root, path), skipped);
}
