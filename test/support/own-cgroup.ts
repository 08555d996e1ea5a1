/**
 * A cgroup below that of the test, where the test may make one: root, and cgroups mounted for writing.
 */
import { createProcfs, findCgroupHierarchy, readMountinfo, readProcessCgroups } from '../../src/procfs/index.ts';
import { makeSandboxCgroup, type SandboxCgroup } from '../../src/shim/overhead/sandbox-cgroup.ts';

/** Undefined where it may not be made. */
export async function makeOwnCgroup(name: string): Promise<SandboxCgroup | undefined> {
  const procfs = createProcfs();
  const hierarchy = findCgroupHierarchy((await readMountinfo(procfs, 'self')) ?? []);
  const own = (await readProcessCgroups(procfs, 'self')) ?? [];
  try {
    return hierarchy && makeSandboxCgroup({ hierarchy, own, sandboxId: `${name}-${process.pid}`, directoryPath: '/' });
  } catch {
    // Not for us, or read-only.
    return undefined;
  }
}

/** For `describe.skipIf`. */
export async function canMakeCgroup(): Promise<boolean> {
  const cgroup = await makeOwnCgroup('try');
  await cgroup?.remove();
  return cgroup !== undefined;
}
