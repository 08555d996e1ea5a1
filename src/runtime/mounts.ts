/**
 * Lists and removes the mounts below a directory of the host. Used while a sandbox lives and when it is cleaned up, so it
 * loads nothing but Node.js. Source: proc_pid_mountinfo(5).
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Mount points of this mount namespace at and below `path`, deepest first, and at the same path the newest first. */
export function listMountsBelow(path: string): string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescapePath(line.split(' ')[4] ?? ''))
    .filter((point) => point === path || point.startsWith(`${path}/`));
  return points.reverse().sort((a, b) => b.split('/').length - a.split('/').length);
}

/**
 * Detaches them all, though they may be in use.
 * @throws {Error} that names the first that is left.
 */
export function unmountAllBelow(path: string): void {
  const points = listMountsBelow(path);
  if (points.length === 0) {
    return;
  }
  const { stderr } = spawnSync('umount', ['-l', ...points], { encoding: 'utf8' });
  const [left] = listMountsBelow(path);
  if (left !== undefined) {
    throw new Error(`Cannot unmount "${left}": ${stderr.trim()}`);
  }
}

/**
 * Removes a directory whose mounts are gone: directories that are empty, and empty files, which is all that mount points
 * can be. Never follows anything into another file system, and leaves what has content, for that is not ours.
 */
export function removeMountPoints(path: string): void {
  if (listMountsBelow(path).length > 0) {
    throw new Error(`Cannot remove "${path}": there are mounts below it`);
  }
  let entries: ReturnType<typeof list>;
  try {
    entries = list(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return;
    }
    throw error;
  }
  for (const entry of entries) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) {
      removeMountPoints(child);
    } else {
      unlinkSync(child);
    }
  }
  rmdirSync(path);
}

function list(path: string) {
  return readdirSync(path, { withFileTypes: true });
}

/** Blanks and the like are written as a backslash and three octal digits. */
function unescapePath(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
