/**
 * Whether the socket of a sandbox may be connected to. The monitor runs as root, so what it opens must belong to the
 * runtime: a link or a foreign socket could send it to any other program of the host. Looks, and opens nothing.
 */
import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { sep } from 'node:path';
import type { Sandbox } from './sandbox.ts';

const rootUid = 0;

/**
 * What is wrong with it, or undefined; also where there is no socket: connecting tells that. Synchronous: on the tmpfs of
 * /run a look is a microsecond, a trip to the thread pool many.
 */
export function findSocketFault({ root, directory, socketPath }: Sandbox): string | undefined {
  const directoryStat = look(directory);
  if (directoryStat?.isSymbolicLink()) {
    return 'Its directory is a symbolic link';
  }
  const socketStat = look(socketPath);
  if (directoryStat === undefined || socketStat === undefined) {
    return undefined;
  }
  if (socketStat.isSymbolicLink()) {
    return findLinkFault(root, socketPath);
  }
  return findOwnerFault('Its directory', directoryStat) ?? findOwnerFault('Its socket', socketStat);
}

function findLinkFault(root: string, socketPath: string): string | undefined {
  try {
    const target = realpathSync(socketPath);
    const isInside = target.startsWith(realpathSync(root) + sep);
    const stat = look(target);
    return isInside && stat !== undefined
      ? findOwnerFault('The socket that its link leads to', stat)
      : 'Its socket is a symbolic link that leads out of the root';
  } catch (error) {
    return `Its socket is a symbolic link that cannot be followed: ${(error as NodeJS.ErrnoException).code}`;
  }
}

function findOwnerFault(subject: string, { uid }: Stats): string | undefined {
  const isTrusted = uid === rootUid || uid === process.getuid?.();
  return isTrusted ? undefined : `${subject} belongs to user ${uid}`;
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // what may not be looked at cannot be connected to either, and connecting says why
  }
}
