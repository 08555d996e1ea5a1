/**
 * The root file system of the image: kata-monitor, Node.js and the shared libraries that it needs. Called by main.ts, in the
 * first stage of the Containerfile.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readLibraries, type SharedLibrary } from './libraries.ts';
import type { Machine } from './machine.ts';
import { type NativeFiles, readNativeFiles } from './native-files.ts';
import { type PackagedFile, PROGRAM_MODE } from './packaged-file.ts';
import { listPayload } from './payload.ts';

export interface ImageOptions {
  readonly machine: Machine;
  /** See `readNativeFiles`. */
  readonly foreignPackages: string | undefined;
  /** A Debian root of the machine's kind, for its libraries. */
  readonly librariesRoot: string;
  readonly epochSeconds: number;
}

export async function listImageFiles({
  machine,
  foreignPackages,
  librariesRoot,
  epochSeconds,
}: ImageOptions): Promise<PackagedFile[]> {
  const natives = readNativeFiles(machine, foreignPackages);
  const libraries = readLibrariesOf(natives, { machine, rootPath: librariesRoot });
  const payload = await listPayload({
    programs: ['kata-monitor'],
    commands: ['kata-monitor'],
    natives,
    libraries,
    epochSeconds,
    packageName: 'kata-monitor',
  });
  const links = [...new Set(libraries.map(({ path }) => path.split('/')[1]!))].filter((name) => name !== 'usr');
  return [
    ...payload,
    ...libraries.map(({ path, content }) => ({
      path: `usr/${path.replace(/^\/(?:usr\/)?/, '')}`,
      mode: PROGRAM_MODE,
      content,
    })),
    // The dynamic linker is looked for in /lib or /lib64, and looks for libraries in both /lib and /usr/lib.
    ...[...new Set([...links, 'lib'])].map((name) => ({ path: name, target: `usr/${name}` })),
  ];
}

function readLibrariesOf(
  { node, packages }: NativeFiles,
  where: { readonly machine: Machine; readonly rootPath: string },
): SharedLibrary[] {
  const folder = mkdtempSync(join(tmpdir(), 'kata-image-'));
  try {
    const natives = new Map([['node', node], ...[...packages].filter(([path]) => path.endsWith('.node'))]);
    const paths = [...natives].map(([path, content]) => {
      const file = join(folder, basename(path));
      writeFileSync(file, content);
      return file;
    });
    return readLibraries(paths, where);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
