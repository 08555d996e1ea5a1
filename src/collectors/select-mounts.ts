/**
 * Which mounts of the guest are worth a figure. Pure.
 */
import type { MountinfoEntry } from '../procfs/index.ts';

/**
 * File systems that hold data on a disk, in memory or on the host's share, and answer statfs(2) without asking a server
 * on a network: one that hangs would hang the agent. virtiofs and 9p ask the host, which is there as long as the guest is.
 * Everything else is left out: pseudo file systems, network file systems, FUSE, and images that can only be read.
 */
const REAL_TYPES: ReadonlySet<string> = new Set([
  '9p',
  'bcachefs',
  'btrfs',
  'exfat',
  'ext2',
  'ext3',
  'ext4',
  'f2fs',
  'jfs',
  'ntfs3',
  'overlay',
  'ramfs',
  'reiserfs',
  'tmpfs',
  'ubifs',
  'vfat',
  'virtiofs',
  'xfs',
  'zfs',
]);

/**
 * Real and writable mounts, one for each device (major:minor): the one with the shortest path, and of those the first.
 * A mount that another one covers by the same path is left out: the path leads to the other.
 */
export function selectMounts(mounts: readonly MountinfoEntry[]): MountinfoEntry[] {
  const uppermost = new Map(mounts.map((mount) => [mount.mountPoint, mount]));
  const byDevice = new Map<string, MountinfoEntry>();
  for (const mount of uppermost.values()) {
    const device = `${mount.major}:${mount.minor}`;
    const chosen = byDevice.get(device);
    if (isWanted(mount) && (chosen === undefined || mount.mountPoint.length < chosen.mountPoint.length)) {
      byDevice.set(device, mount);
    }
  }
  return [...byDevice.values()];
}

/** A tmpfs there holds device nodes or kernel interfaces, no data; /dev/shm is another. */
const SYSTEM_PATH = /^\/(?:dev|proc|sys)$|^\/(?:proc|sys)\//;

function isWanted({ fsType, mountPoint, options, superOptions }: MountinfoEntry): boolean {
  const isReadOnly = options.includes('ro') || superOptions.includes('ro');
  return REAL_TYPES.has(fsType) && !isReadOnly && !SYSTEM_PATH.test(mountPoint);
}
