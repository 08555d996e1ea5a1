/**
 * The directory that the guest sees, one for each pod: root file systems and volumes of its containers are mounted into
 * it, and nothing else can be reached through it. Read-only mounts are read-only on the host, whatever the guest does.
 */
import { mkdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RootfsMount } from '../runtime-proto/index.ts';
import { Code, TtrpcError } from '../ttrpc/index.ts';
import { listMountsBelow, removeMountPoints, unmountAllBelow } from './mounts.ts';
import type { HostMount, SharedMount } from './oci-for-guest.ts';
import { runHostProgram } from './run-program.ts';

/** Mount point in the guest, as with the agents of Kata Containers. */
export const GUEST_SHARED_PATH = '/run/kata-containers/shared/containers';
/** Tag under which the hypervisor offers the shared directory. */
export const SHARE_TAG = 'kataShared';
const SHARED_DIRECTORY = 'shared';
const MOUNTS_DIRECTORY = 'mounts';
const STAGING_DIRECTORY = 'staging';
const OWNER_ONLY = 0o700;

export class SharedFiles {
  /** Directory that the guest sees: a read-only view of the mounts, so that a guest cannot fill /run of the host. */
  readonly path: string;
  readonly #mountsPath: string;
  /** Directory in which a volume gets its flags, before it appears in the directory that the guest sees. */
  readonly #stagingPath: string;
  #staged = 0;
  readonly #mountCounts = new Map<string, number>();

  private constructor(sandboxPath: string) {
    this.path = join(sandboxPath, SHARED_DIRECTORY);
    this.#mountsPath = join(sandboxPath, MOUNTS_DIRECTORY);
    this.#stagingPath = join(sandboxPath, STAGING_DIRECTORY);
  }

  /**
   * Creates the directories in that of the sandbox. Later mounts in one of them appear in the other one, too.
   * @throws {TtrpcError}
   */
  static async open(sandboxPath: string): Promise<SharedFiles> {
    const files = new SharedFiles(sandboxPath);
    const { path } = files;
    const mountsPath = files.#mountsPath;
    for (const each of [path, mountsPath, files.#stagingPath]) {
      mkdirSync(each, { recursive: true, mode: OWNER_ONLY });
    }
    try {
      // Private first: shared, it would be a peer of the mount that it lies in.
      await mount('none', mountsPath, mountsPath, ['bind', 'private']);
      await runHostProgram('mount', ['--make-shared', mountsPath]);
      await mount('none', mountsPath, path, ['bind']);
      await runHostProgram('mount', ['-o', 'remount,bind,ro', path]);
      return files;
    } catch (error) {
      files.removeAll();
      throw error;
    }
  }

  /**
   * Mounts the root file system of a container; gives its path in the guest.
   * @throws {TtrpcError}
   */
  async addRoot(containerId: string, mounts: readonly RootfsMount[]): Promise<string> {
    const target = join(this.#mountsPath, containerId, 'rootfs');
    mkdirSync(target, { recursive: true });
    for (const { type, source, options } of mounts) {
      if (type === 'bind' || options.some((option) => option === 'bind' || option === 'rbind')) {
        await this.#bind(source, target, [...options, 'rprivate']);
      } else {
        await mount(type, source, target, options);
      }
    }
    return `${GUEST_SHARED_PATH}/${containerId}/rootfs`;
  }

  /**
   * Mounts a file or directory. Returns its path in the guest.
   * @throws {TtrpcError}
   */
  async addMount(containerId: string, mounted: HostMount): Promise<SharedMount> {
    const { source, isReadOnly, isReadOnlyBelow, followsHost } = mounted;
    const index = this.#mountCounts.get(containerId) ?? 0;
    this.#mountCounts.set(containerId, index + 1);
    const target = join(this.#mountsPath, containerId, 'mounts', String(index));
    mkdirSync(dirname(target), { recursive: true });
    makeMountPoint(target, isDirectory(source));
    // Mounts below the source, such as those of a volume, belong to it.
    const propagation = followsHost ? 'rslave' : 'rprivate';
    await this.#bind(source, target, ['rbind', propagation, ...(isReadOnly ? ['ro'] : [])], isReadOnlyBelow);
    return {
      path: `${GUEST_SHARED_PATH}/${containerId}/mounts/${index}`,
      hasMountsBelow: listMountsBelow(target).length > 1,
    };
  }

  /**
   * Mounts it aside first, where it becomes read-only and leaves the peer group of its source: a mount that is copied into the
   * guest's view keeps only the flags that it has then, and to unmount a peer would unmount the source's mounts too. See
   * mount_namespaces(7).
   */
  async #bind(source: string, target: string, options: readonly string[], isReadOnlyBelow = false): Promise<void> {
    const isFolder = isDirectory(source);
    this.#staged += 1;
    const staging = join(this.#stagingPath, String(this.#staged));
    makeMountPoint(staging, isFolder);
    try {
      await mount('none', source, staging, options);
      for (const path of isReadOnlyBelow ? listMountsBelow(staging) : []) {
        await runHostProgram('mount', ['-o', 'remount,bind,ro', path]);
      }
      await mount('none', staging, target, ['rbind']);
    } finally {
      unmountAllBelow(staging);
      if (isFolder) {
        rmdirSync(staging);
      } else {
        unlinkSync(staging);
      }
    }
  }

  /** @throws {Error} that names what remains. */
  remove(containerId: string): void {
    const path = join(this.#mountsPath, containerId);
    unmountAllBelow(path);
    removeMountPoints(path);
    this.#mountCounts.delete(containerId);
  }

  /** Removes the directory with everything in it. */
  removeAll(): void {
    for (const path of [this.path, this.#mountsPath, this.#stagingPath]) {
      unmountAllBelow(path);
      removeMountPoints(path);
    }
    try {
      rmdirSync(dirname(this.path));
    } catch {
      // There is more in it, which others remove.
    }
  }
}

function makeMountPoint(path: string, isFolder: boolean): void {
  if (isFolder) {
    mkdirSync(path);
  } else {
    writeFileSync(path, '', { flag: 'wx' });
  }
}

function isDirectory(source: string): boolean {
  try {
    const stats = statSync(source);
    if (stats.isBlockDevice() || stats.isCharacterDevice()) {
      throw new TtrpcError(Code.unimplemented, `Cannot mount "${source}": devices of the host are not supported`);
    }
    return stats.isDirectory();
  } catch (error) {
    if (error instanceof TtrpcError) {
      throw error;
    }
    throw new TtrpcError(Code.invalidArgument, `Cannot mount "${source}": ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function mount(type: string, source: string, target: string, options: readonly string[]): Promise<void> {
  const flags = options.length === 0 ? [] : ['-o', options.join(',')];
  try {
    await runHostProgram('mount', ['-t', type, ...flags, '--', source, target]);
  } catch (error) {
    throw new TtrpcError(Code.internal, `Cannot mount "${source}": ${(error as Error).message}`, { cause: error });
  }
}
