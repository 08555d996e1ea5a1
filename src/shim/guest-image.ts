/**
 * Finds the guest of virtual machines that `npm run guest` has built, and reads its manifest. Used to start a guest and
 * by the build.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { readPlainFile } from '../program/index.ts';

export interface GuestImage {
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** A read-only file system that every guest has as a disk; see `findDiskImage`. */
  readonly imagePath: string;
  readonly manifest: GuestManifest;
}

/** Versions and files from which a guest was built. */
export interface GuestManifest {
  readonly kernelRelease: string;
  /** Debian's version of the kernel's package. */
  readonly kernelPackage: string;
  readonly nodeVersion: string;
  readonly agentVersion: string;
  /** SHA-256 of everything from which it was built, in hexadecimal digits, as the next ones. */
  readonly inputsSha256: string;
  readonly initramfsSha256: string;
  readonly imageSha256: string;
}

const MAX_MANIFEST_BYTES = 64 * 1024;

export const guestFileNames = {
  kernel: 'vmlinuz',
  initrd: 'initramfs.cpio',
  image: 'guest.erofs',
  manifest: 'guest.json',
} as const;

/**
 * The image that belongs to an initrd: the file `guest.erofs` in its directory. Undefined when there is none, as for the initrd
 * of another guest.
 */
export function findDiskImage(initrdPath: string): string | undefined {
  const path = join(dirname(initrdPath), guestFileNames.image);
  return existsSync(path) ? path : undefined;
}

/** Directory in the user's cache, by the XDG Base Directory Specification. */
export function defaultGuestDirectory(env: NodeJS.ProcessEnv): string {
  const cache = env['XDG_CACHE_HOME'] ?? '';
  // A relative path there is to be ignored, says the specification.
  return join(isAbsolute(cache) ? cache : join(homedir(), '.cache'), 'kata-metrics/guest');
}

/**
 * Returns undefined if no guest has been built there. The manifest is written last, so if it exists, the guest is complete.
 */
export async function findGuestImage(directory: string): Promise<GuestImage | undefined> {
  let text: string;
  try {
    text = readPlainFile(join(directory, guestFileNames.manifest), MAX_MANIFEST_BYTES);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
  return {
    kernelPath: join(directory, guestFileNames.kernel),
    initrdPath: join(directory, guestFileNames.initrd),
    imagePath: join(directory, guestFileNames.image),
    manifest: JSON.parse(text) as GuestManifest,
  };
}
