/**
 * The path of a process in the hierarchy of a controller, from /proc/<pid>/cgroup.
 */
import type { CgroupHierarchy, ProcessCgroup } from '../../procfs/index.ts';

/** Undefined where the process is in none. */
export function findOwnPath(
  { kind }: CgroupHierarchy,
  own: readonly ProcessCgroup[],
  controller: string,
): string | undefined {
  const isOwn = ({ controllers }: ProcessCgroup): boolean =>
    kind === 'v2' ? controllers.length === 0 : controllers.includes(controller);
  return own.find(isOwn)?.path;
}
