/**
 * Whether the socket of a sandbox is safe to connect to. The monitor runs as root, so the socket must belong to the
 * runtime: a link or a foreign socket could connect the monitor to any other program of the host. Opens nothing.
 */
import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import type { Sandbox } from './sandbox.ts';

const ROOT_UID = 0;

/** Write permission of group and others. */
const WRITABLE_BY_OTHERS = 0o022;
const ENTERABLE_BY_OTHERS = 0o011;
/** Mode bit of a sticky directory, in which only its owner and the owner of an entry can rename or remove the entry. */
const STICKY = 0o1000;

/**
 * Describes why the socket is not safe; undefined if it is, and also if there is none, because connecting reports that.
 * Synchronous: on the tmpfs of /run, stat(2) takes a microsecond, a trip to the thread pool many.
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
  // A user who can write to the directory of the sandbox, or to the root, can replace the socket at any time.
  const fault = findRootFault(root) ?? findDirectoryFault('its directory', directoryStat);
  if (fault !== undefined) {
    return fault;
  }
  return socketStat.isSymbolicLink()
    ? findLinkFault(root, socketPath)
    : findOwnFault('its socket', socketStat, directoryStat);
}

function findLinkFault(root: string, socketPath: string): string | undefined {
  try {
    // Native: Node's own (24.21) stops at the first link behind which a socket is, and takes a further link for its end.
    const target = realpathSync.native(socketPath);
    const realRoot = realpathSync.native(root);
    const [stat, directoryStat] = [look(target), look(dirname(target))];
    if (!target.startsWith(realRoot + sep) || stat === undefined || directoryStat === undefined) {
      return 'its socket is a symbolic link that leads out of the root';
    }
    return (
      findPathFault(realRoot, dirname(target)) ?? findOwnFault('the socket that its link leads to', stat, directoryStat)
    );
  } catch (error) {
    return `its socket is a symbolic link that cannot be followed: ${(error as NodeJS.ErrnoException).code}`;
  }
}

/** Checks the directories between the root and the target of a link, which must all be safe. */
function findPathFault(realRoot: string, directory: string): string | undefined {
  for (let path = directory; path.length > realRoot.length; path = dirname(path)) {
    const stat = look(path);
    const fault = stat && findDirectoryFault('a directory that its link leads to', stat);
    if (fault !== undefined) {
      return fault;
    }
  }
  return undefined;
}

/** The root may be a link, whose place is the operator's; in a sticky directory, no user can replace another's sandbox. */
function findRootFault(root: string): string | undefined {
  const stat = follow(root);
  return stat && (stat.mode & STICKY) === 0 ? findDirectoryFault('the root', stat) : undefined;
}

function findDirectoryFault(subject: string, stat: Stats): string | undefined {
  return findOwnerFault(subject, stat) ?? findModeFault(subject, stat, WRITABLE_BY_OTHERS);
}

/** Checks a socket. A user who cannot enter its directory cannot write to it, whatever its mode is. */
function findOwnFault(subject: string, stat: Stats, directoryStat: Stats): string | undefined {
  const canBeEntered = (directoryStat.mode & ENTERABLE_BY_OTHERS) !== 0;
  return findOwnerFault(subject, stat) ?? findModeFault(subject, stat, canBeEntered ? WRITABLE_BY_OTHERS : 0);
}

function findOwnerFault(subject: string, { uid }: Stats): string | undefined {
  const isTrusted = uid === ROOT_UID || uid === process.getuid?.();
  return isTrusted ? undefined : `${subject} belongs to user ${uid}`;
}

function findModeFault(subject: string, { mode }: Stats, forbidden: number): string | undefined {
  const bits = mode & forbidden;
  if (bits === 0) {
    return undefined;
  }
  const octal = (mode & 0o7777).toString(8).padStart(4, '0');
  return `${subject} may be written to by ${(bits & 0o002) === 0 ? 'its group' : 'everybody'}: mode ${octal}`;
}

function follow(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // what may not be looked at cannot be connected to either, and connecting says why
  }
}
