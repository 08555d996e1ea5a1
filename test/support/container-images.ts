/**
 * Builds the image by buildah, without a registry and without a daemon, in a store that is removed at the end. Needs root.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DEBIAN_IMAGE_NAME, provideDebianStore } from './debian-root.ts';

const run = promisify(execFile);
const projectPath = join(import.meta.dirname, '../..');

export interface BuiltImage {
  readonly name: string;
  /** Of the manifest, which has those of its layers. */
  readonly digest: string;
  /** Bytes of its layers, not compressed. */
  readonly sizeBytes: number;
  readonly config: {
    readonly Entrypoint: readonly string[];
    readonly User: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
}

export interface ImageStore {
  /** `target`: a stage of the Containerfile. `epochSeconds`: the time of everything in the image. */
  build(target: string, epochSeconds: number): Promise<BuiltImage>;
  /** The path of a new root file system with the content of the image, until the store is closed. */
  mount(name: string): Promise<string>;
  close(): Promise<void>;
}

interface Inspection {
  readonly FromImageDigest: string;
  readonly Manifest: string;
  readonly OCIv1: { readonly config: BuiltImage['config'] };
}

export async function openImageStore(): Promise<ImageStore> {
  const debianStore = await provideDebianStore();
  // Not below /tmp, which may be in memory.
  const folder = await mkdtemp('/var/tmp/kata-images-');
  const flags = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run')];
  const buildah = async (...args: string[]): Promise<string> => {
    const storage = ['--storage-driver', 'overlay', '--storage-opt', `overlay.imagestore=${debianStore}`];
    const { stdout } = await run('buildah', [...flags, ...storage, ...args], {
      cwd: projectPath,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout.trim();
  };
  let buildCount = 0;
  return {
    build: async (target, epochSeconds) => {
      buildCount += 1;
      const name = `localhost/kata-monitor:${target}-${buildCount}`;
      await buildah(
        // With layers, because buildah 1.28 fails to remove the images of earlier stages that are based on the other store.
        ...['build', '--quiet', '--isolation', 'chroot', '--layers', '--no-cache', '--target', target, '--tag', name],
        ...['--timestamp', `${epochSeconds}`, '--build-arg', `SOURCE_DATE_EPOCH=${epochSeconds}`],
        ...['--build-arg', `BUILD_IMAGE=${DEBIAN_IMAGE_NAME}`],
        // Not installed again: the packages are those of the lockfile here too.
        ...['--volume', `${join(projectPath, 'node_modules')}:/src/node_modules:ro`, '.'],
      );
      const inspection = JSON.parse(await buildah('inspect', '--type', 'image', name)) as Inspection;
      const { layers } = JSON.parse(inspection.Manifest) as { layers: { size: number }[] };
      return {
        name,
        digest: inspection.FromImageDigest,
        sizeBytes: layers.reduce((sum, { size }) => sum + size, 0),
        config: inspection.OCIv1.config,
      };
    },
    mount: async (name) => buildah('mount', await buildah('from', '--pull-never', name)),
    close: async () => {
      await buildah('umount', '--all');
      await buildah('rm', '--all');
      await rm(folder, { recursive: true });
    },
  };
}
