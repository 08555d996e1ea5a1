/**
 * A cgroup below that of the test, where the test may make one: root, and cgroups mounted for writing.
 */
import { readdirSync } from 'node:fs';
import { createProcfs, findCgroupHierarchy, readMountinfo, readProcessCgroups } from '../../src/procfs/index.ts';
import { makeSandboxCgroup, type SandboxCgroup } from '../../src/shim/overhead/sandbox-cgroup.ts';
import { waitUntil } from './processes.ts';

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

/**
 * Resolves when all processes have left it and no cgroup is in it. What cleans up after a shim is in it for a moment longer than the
 * shim, and writes its last words until then.
 */
export async function waitUntilLeft({ directories, readPids }: SandboxCgroup): Promise<void> {
  const hasChildren = (path: string): boolean =>
    readdirSync(path, { withFileTypes: true }).some((entry) => entry.isDirectory());
  await waitUntil(async () => !directories.some(hasChildren) && (await readPids())!.size === 0);
}

/** For `describe.skipIf`. */
export async function canMakeCgroup(): Promise<boolean> {
  const cgroup = await makeOwnCgroup('try');
  await cgroup?.remove();
  return cgroup !== undefined;
}
