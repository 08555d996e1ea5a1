/**
 * The shared libraries that native files need, with their Debian packages: for images, which hold no operating system.
 * Reads them with readelf(1), which knows every kind of machine, from this Debian or from an unpacked one.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Machine } from './machine.ts';

export interface SharedLibrary {
  /** As the dynamic linker looks for it, such as `/lib/x86_64-linux-gnu/libc.so.6`. */
  readonly path: string;
  readonly content: Buffer;
  readonly debianPackage: DebianPackage;
}

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The text of /usr/share/doc/<name>/copyright. */
  readonly copyright: string;
}

/** `rootPath`: a Debian root with dpkg's database. Throws an Error for a library that is not in it. */
export function readLibraries(
  programPaths: readonly string[],
  { machine, rootPath }: { readonly machine: Machine; readonly rootPath: string },
): SharedLibrary[] {
  const found = new Map<string, SharedLibrary>();
  const add = (path: string): void => {
    if (found.has(path)) {
      return;
    }
    const realPath = realpathSync(join(rootPath, path));
    found.set(path, {
      path,
      content: readFileSync(realPath),
      debianPackage: findPackage(rootPath, path, realPath, machine),
    });
    listNeeded(realPath).forEach(addByName);
  };
  const addByName = (name: string): void => {
    // The linker itself is needed by its name, and is where the program says.
    if ([...found.keys()].some((path) => basename(path) === name)) {
      return;
    }
    const path = ['/usr/lib', '/lib']
      .map((folder) => `${folder}/${machine.triplet}/${name}`)
      .find((candidate) => existsSync(join(rootPath, candidate)));
    if (path === undefined) {
      throw new Error(`Cannot find library "${name}" of "${programPaths.join(', ')}" in "${rootPath}"`);
    }
    add(path);
  };
  for (const path of programPaths) {
    const interpreter = readInterpreter(path);
    if (interpreter !== undefined) {
      add(interpreter);
    }
  }
  for (const path of programPaths) {
    listNeeded(path).forEach(addByName);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function readelf(...args: string[]): string {
  return execFileSync('readelf', ['--wide', ...args], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
}

function listNeeded(path: string): string[] {
  return [...readelf('--dynamic', path).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name!);
}

function readInterpreter(path: string): string | undefined {
  return /\[Requesting program interpreter: (.+)\]/.exec(readelf('--program-headers', path))?.[1];
}

/** dpkg knows a file by the path of its package, which may be below /lib or /usr/lib. */
function findPackage(rootPath: string, path: string, realPath: string, machine: Machine): DebianPackage {
  const query = (...args: string[]): string =>
    execFileSync('dpkg-query', [`--admindir=${join(rootPath, 'var/lib/dpkg')}`, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const real = realPath.slice(rootPath === '/' ? 0 : rootPath.length);
  for (const candidate of [path, real].flatMap((each) => [each, each.replace(/^\/usr/, ''), `/usr${each}`])) {
    const name = tryTo(() => query('--search', candidate))
      ?.split('\n')
      .map((line) => /^([^:,]+)(?::\w+)?: /.exec(line)?.[1])[0];
    if (name === undefined) {
      continue;
    }
    const version = /^Version: (.+)$/m.exec(query('--status', `${name}:${machine.debian}`))?.[1] ?? '';
    return {
      name,
      version,
      architecture: machine.debian,
      copyright: readFileSync(join(rootPath, 'usr/share/doc', name, 'copyright'), 'utf8').trim(),
    };
  }
  throw new Error(`Cannot find the Debian package of "${path}" in "${rootPath}"`);
}

function tryTo<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined; // dpkg-query fails for a path of no package
  }
}
