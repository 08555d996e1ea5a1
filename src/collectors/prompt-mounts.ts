/**
 * Selects the mounts that respond to statfs(2) at once: those of local file systems below local ones. Pure.
 */
import type { MountinfoEntry } from '../procfs/index.ts';

/** They have their numbers in memory, and a path in them is found without a server, the host or a program. */
const LOCAL_TYPES: ReadonlySet<string> = new Set([
  ...['btrfs', 'ext2', 'ext3', 'ext4', 'xfs', 'erofs', 'squashfs'],
  ...['devtmpfs', 'proc', 'ramfs', 'rootfs', 'sysfs', 'tmpfs'],
]);

const OVERLAY = 'overlay';
const OVERLAY_DIRECTORIES = /^(?:upperdir|lowerdir\+?)=(.*)$/;

/** Whether neither statfs(2) of the mount nor the way to it can wait. */
export function isPrompt(mount: MountinfoEntry, mounts: readonly MountinfoEntry[]): boolean {
  return isLocal(mount, mounts, new Set());
}

/** `seen`: mounts that are being looked at; an overlay may name directories of another namespace, and so itself. */
function isLocal(mount: MountinfoEntry, mounts: readonly MountinfoEntry[], seen: Set<MountinfoEntry>): boolean {
  if (seen.has(mount)) {
    return true;
  }
  seen.add(mount);
  if (mount.fsType !== OVERLAY && !LOCAL_TYPES.has(mount.fsType)) {
    return false;
  }
  const paths = mount.fsType === OVERLAY ? overlayDirectories(mount) : [];
  if (mount.mountPoint !== '/') {
    paths.push(mount.mountPoint.slice(0, mount.mountPoint.lastIndexOf('/')) || '/');
  }
  return paths.every((path) => {
    const around = findAround(path, mounts);
    return around === undefined || isLocal(around, mounts, seen);
  });
}

function overlayDirectories({ superOptions }: MountinfoEntry): string[] {
  return superOptions.flatMap((option) => OVERLAY_DIRECTORIES.exec(option)?.[1]?.split(':') ?? []);
}

/** The mount that a path lies in; a later one covers an earlier one at the same place. */
function findAround(path: string, mounts: readonly MountinfoEntry[]): MountinfoEntry | undefined {
  let found: MountinfoEntry | undefined;
  for (const mount of mounts) {
    const { mountPoint } = mount;
    const isAround = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (isAround && (found === undefined || mountPoint.length >= found.mountPoint.length)) {
      found = mount;
    }
  }
  return found;
}
