/**
 * What a cgroup is to those who read one: a directory in the one hierarchy of cgroup v2, or one in each hierarchy of
 * cgroup v1. Pure; see cgroups(7).
 */
import { join } from 'node:path';
import type { MountinfoEntry } from '../mountinfo.ts';
import type { Procfs } from '../read.ts';

/** Where the cgroups of a machine are mounted. */
export type CgroupHierarchy =
  | { readonly kind: 'v2'; readonly root: string }
  /** Mount points by controller: `memory`, `cpuacct`; several controllers can share one. */
  | { readonly kind: 'v1'; readonly roots: ReadonlyMap<string, string> };

/** Controllers of v1 without which its hierarchies have no figures of use. */
const ACCOUNTING = ['cpuacct', 'memory'] as const;

/**
 * Undefined where there is none. A machine can have both, and then the controllers are with v1: its v2 is for systemd's
 * own use and has no figures.
 */
export function findCgroupHierarchy(mounts: readonly MountinfoEntry[]): CgroupHierarchy | undefined {
  const roots = new Map<string, string>();
  for (const { fsType, superOptions, mountPoint } of mounts) {
    if (fsType === 'cgroup') {
      for (const controller of superOptions) {
        roots.set(controller, mountPoint);
      }
    }
  }
  if (ACCOUNTING.some((controller) => roots.has(controller))) {
    return { kind: 'v1', roots };
  }
  const root = mounts.findLast(({ fsType }) => fsType === 'cgroup2')?.mountPoint;
  return root === undefined ? undefined : { kind: 'v2', root };
}

/**
 * The directory that has a cgroup's files of one controller, for the readers of this folder. Undefined where v1 does not
 * have that controller.
 */
export function cgroupDirectory(hierarchy: CgroupHierarchy, controller: string, path: string): Procfs | undefined {
  const root = hierarchy.kind === 'v2' ? hierarchy.root : hierarchy.roots.get(controller);
  return root === undefined ? undefined : { root: join(root, path) };
}
