/**
 * crun, which makes the containers of a guest: Debian's packages of it and of the one library that no Debian has already,
 * fetched with apt into a folder and unpacked from there. Called by the guest's build; installs nothing, needs no root.
 */
import { globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openApt, run } from './kernel-package.ts';
import { listLibraries } from './node-runtime.ts';

/** Its other libraries belong to every Debian (apt and systemd need them) and are taken from this machine. */
const PACKAGES: readonly string[] = ['crun', 'libyajl2'];

export interface CrunProgram {
  readonly program: Buffer;
  /** By the absolute path under which the dynamic linker of the guest finds it. */
  readonly libraries: ReadonlyMap<string, Buffer>;
}

/** Paths of the packages in `folderPath`: those that are there, else the newest, fetched. Throws an Error that has what apt said. */
export function provideCrunPackages(folderPath: string): string[] {
  const known = PACKAGES.map((name) => findPackage(folderPath, name));
  if (known.every((path) => path !== undefined)) {
    return known;
  }
  mkdirSync(folderPath, { recursive: true });
  const scratchPath = mkdtempSync(join(folderPath, 'fetch-'));
  try {
    run('apt-get', [...openApt(scratchPath).options, 'download', ...PACKAGES], scratchPath);
    return PACKAGES.map((name) => {
      const fetched = findPackage(scratchPath, name);
      if (fetched === undefined) {
        throw new Error(`Cannot fetch package "${name}": apt-get left no file of that name`);
      }
      const path = join(folderPath, basename(fetched));
      renameSync(fetched, path);
      return path;
    });
  } finally {
    rmSync(scratchPath, { recursive: true });
  }
}

/** `scratchPath`: a folder for files on the way. */
export function readCrun(packagePaths: readonly string[], scratchPath: string): CrunProgram {
  const unpackedPath = mkdtempSync(join(scratchPath, 'crun-'));
  for (const path of packagePaths) {
    run('dpkg-deb', ['--extract', path, unpackedPath]);
  }
  const programPath = join(unpackedPath, 'usr/bin/crun');
  const [libraryPath] = globSync('usr/lib/*/libyajl.so.2', { cwd: unpackedPath });
  if (libraryPath === undefined) {
    throw new Error(`Cannot take crun into the guest: its packages have no libyajl.so.2`);
  }
  const libraries = listLibraries(programPath, join(unpackedPath, dirname(libraryPath)));
  return {
    program: readFileSync(programPath),
    libraries: new Map(
      libraries.map((path) => [
        path.startsWith(unpackedPath) ? path.slice(unpackedPath.length) : path,
        readFileSync(path),
      ]),
    ),
  };
}

function findPackage(folderPath: string, name: string): string | undefined {
  const [found] = globSync(`${name}_*.deb`, { cwd: folderPath }).sort().reverse();
  return found === undefined ? undefined : join(folderPath, found);
}
