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
    return 'its directory is a symbolic link';
  }
  const socketStat = look(socketPath);
  if (directoryStat === undefined || socketStat === undefined) {
    return undefined;
  }
  const directoryFault = findOwnerFault('its directory', directoryStat);
  if (directoryFault !== undefined) {
    return directoryFault;
  }
  return socketStat.isSymbolicLink() ? findLinkFault(root, socketPath) : findOwnerFault('its socket', socketStat);
}

function findLinkFault(root: string, socketPath: string): string | undefined {
  try {
    // Native: Node's own (24.21) stops at the first link behind which a socket is, and takes a further link for its end.
    const target = realpathSync.native(socketPath);
    const isInside = target.startsWith(realpathSync.native(root) + sep);
    const stat = look(target);
    return isInside && stat !== undefined
      ? findOwnerFault('the socket that its link leads to', stat)
      : 'its socket is a symbolic link that leads out of the root';
  } catch (error) {
    return `its socket is a symbolic link that cannot be followed: ${(error as NodeJS.ErrnoException).code}`;
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
