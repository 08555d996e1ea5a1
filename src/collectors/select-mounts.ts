/**
 * Selects the mounts of the guest that have filesystem metrics: the same ones as the existing agents select. Pure.
 */
import type { MountinfoEntry } from '../procfs/index.ts';

/** File systems that keep data on a device of the guest. statfs(2) on them never waits for a server or the host. */
const DEVICE_TYPES: ReadonlySet<string> = new Set(['btrfs', 'ext4', 'overlay', 'vfat', 'xfs']);

/**
 * Writable mounts of these types, the first one of each device (major:minor), in the order of `mounts`. A mount that
 * another one covers by the same path is left out: statfs(2) of the path would describe the other.
 */
export function selectMounts(mounts: readonly MountinfoEntry[]): MountinfoEntry[] {
  const uppermost = new Map(mounts.map((mount) => [mount.mountPoint, mount]));
  const byDevice = new Map<string, MountinfoEntry>();
  for (const mount of mounts) {
    const device = deviceNumbers(mount);
    if (isSelected(mount) && uppermost.get(mount.mountPoint) === mount && !byDevice.has(device)) {
      byDevice.set(device, mount);
    }
  }
  return [...byDevice.values()];
}

/** The `device` label: the last part of the source where that is a path (`/dev/vda` is `vda`), else major:minor. */
export function deviceLabel(mount: MountinfoEntry): string {
  const name = mount.source.startsWith('/') ? mount.source.slice(mount.source.lastIndexOf('/') + 1) : '';
  return name === '' ? deviceNumbers(mount) : name;
}

function deviceNumbers({ major, minor }: MountinfoEntry): string {
  return `${major}:${minor}`;
}

/** A file system that is read-only as a whole never changes. A bind mount may be read-only while the rest is written. */
function isSelected({ fsType, superOptions }: MountinfoEntry): boolean {
  return DEVICE_TYPES.has(fsType) && !superOptions.includes('ro');
}
