/**
 * The directory that the guest sees, one for each pod: root file systems and volumes of its containers are mounted into it,
 * and nothing else is reached from it. What is read-only is so on the host, whatever the guest does.
 */
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RootfsMount } from '../runtime-proto/index.ts';
import { Code, TtrpcError } from '../ttrpc/index.ts';
import { removeMountPoints, unmountAllBelow } from './mounts.ts';
import type { HostMount } from './oci-for-guest.ts';
import { runHostProgram } from './run-program.ts';

/** Where the agent mounts it; upstream's agents do so too. */
export const GUEST_SHARED_PATH = '/run/kata-containers/shared/containers';
/** By which the hypervisor offers the directory. */
export const SHARE_TAG = 'kataShared';
const SHARED_DIRECTORY = 'shared';
const MOUNTS_DIRECTORY = 'mounts';
const OWNER_ONLY = 0o700;

export class SharedFiles {
  /** What the guest sees: a read-only view of where the mounts are, so that a guest cannot fill this host's /run. */
  readonly path: string;
  readonly #mountsPath: string;
  readonly #mountCounts = new Map<string, number>();

  private constructor(path: string, mountsPath: string) {
    this.path = path;
    this.#mountsPath = mountsPath;
  }

  /** Makes two directories in one of the sandbox. Mounts that are made later appear in both. Rejects with a TtrpcError. */
  static async open(sandboxPath: string): Promise<SharedFiles> {
    const path = join(sandboxPath, SHARED_DIRECTORY);
    const mountsPath = join(sandboxPath, MOUNTS_DIRECTORY);
    const files = new SharedFiles(path, mountsPath);
    for (const each of [path, mountsPath]) {
      mkdirSync(each, { recursive: true, mode: OWNER_ONLY });
    }
    try {
      await mount('none', mountsPath, mountsPath, ['bind']);
      await runHostProgram('mount', ['--make-shared', mountsPath]);
      await mount('none', mountsPath, path, ['bind']);
      await runHostProgram('mount', ['-o', 'remount,bind,ro', path]);
      return files;
    } catch (error) {
      files.removeAll();
      throw error;
    }
  }

  /** Mounts the root file system of a container; gives its path in the guest. Rejects with a TtrpcError. */
  async addRoot(containerId: string, mounts: readonly RootfsMount[]): Promise<string> {
    const target = join(this.#mountsPath, containerId, 'rootfs');
    mkdirSync(target, { recursive: true });
    for (const { type, source, options } of mounts) {
      const isBind = type === 'bind' || options.some((option) => option === 'bind' || option === 'rbind');
      await mount(isBind ? 'none' : type, source, target, options);
    }
    return `${GUEST_SHARED_PATH}/${containerId}/rootfs`;
  }

  /** Gives the path in the guest. Rejects with a TtrpcError. */
  async addMount(containerId: string, { source, isReadOnly }: HostMount): Promise<string> {
    const index = this.#mountCounts.get(containerId) ?? 0;
    this.#mountCounts.set(containerId, index + 1);
    const target = join(this.#mountsPath, containerId, 'mounts', String(index));
    mkdirSync(join(this.#mountsPath, containerId, 'mounts'), { recursive: true });
    if (isDirectory(source)) {
      mkdirSync(target);
    } else {
      writeFileSync(target, '', { flag: 'wx' });
    }
    // Mounts below the source, such as those of a volume, belong to it.
    await mount('none', source, target, ['rbind', ...(isReadOnly ? ['ro'] : [])]);
    return `${GUEST_SHARED_PATH}/${containerId}/mounts/${index}`;
  }

  /** Throws an Error that says what is left. */
  remove(containerId: string): void {
    const path = join(this.#mountsPath, containerId);
    unmountAllBelow(path);
    removeMountPoints(path);
    this.#mountCounts.delete(containerId);
  }

  /** With all that is in it. */
  removeAll(): void {
    for (const path of [this.path, this.#mountsPath]) {
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
