/**
 * The sandboxes of `kata-metrics up` for the other commands: a private directory has a file with the PID of its `up`,
 * so that `ls`, `get` and `stats` find it without an option.
 */
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultSandboxesRoots } from '../sandboxes/index.ts';
import { defaultParents, PRIVATE_ROOT_PREFIX } from './private-root.ts';

/** No id of a sandbox begins with a dot. */
const MARK_NAME = '.up';
/** PID_MAX_LIMIT has seven digits. */
const pidText = /^[1-9]\d{0,6}$/;

/** Marks a private root as owned by this process. */
export async function markRoot(root: string): Promise<void> {
  await writeFile(join(root, MARK_NAME), String(process.pid), { flag: 'wx' });
}

/** The roots of the option, or the default ones with those of every running `up` of this user. */
export async function withRunningUps(
  roots: readonly string[],
  parents: readonly string[] = defaultParents,
): Promise<readonly string[]> {
  return areDefault(roots) ? [...roots, ...(await findRunningUps(parents))] : roots;
}

export function areDefault(roots: readonly string[]): boolean {
  return roots.length === defaultSandboxesRoots.length && roots.every((root, at) => root === defaultSandboxesRoots[at]);
}

async function findRunningUps(parents: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    [...new Set(parents)].map(async (parent) => {
      const names = await readdir(parent).catch(() => []);
      const roots = names.filter((name) => name.startsWith(PRIVATE_ROOT_PREFIX)).map((name) => join(parent, name));
      const areRunning = await Promise.all(roots.map(isOfRunningUp));
      return roots.filter((_, at) => areRunning[at]);
    }),
  );
  return found.flat().sort();
}

/** Every user can create such a directory in /tmp: only those of this user count. */
async function isOfRunningUp(root: string): Promise<boolean> {
  try {
    const stats = await lstat(root);
    if (!stats.isDirectory() || stats.uid !== process.getuid?.()) {
      return false;
    }
    const pid = await readFile(join(root, MARK_NAME), 'utf8');
    return pidText.test(pid) && (await readFile(`/proc/${pid}/cmdline`)).length > 0;
  } catch {
    // Directory of another user, or removed since it was listed.
    return false;
  }
}
