/**
 * The npm packages that are bundled into the published programs: those that src/ imports, with all that they need. Bundled,
 * they are no dependencies of the package: who installs it gets one package, and no install script runs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Those that src/ imports. In package.json they are dependencies for development, as the sources are. */
export const IMPORTED_PACKAGES: readonly string[] = ['@bufbuild/protobuf', 'bcryptjs', 'koffi', 'smol-toml', 'yaml'];

interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Paths of their folders from the repository, such as `node_modules/pino`, by package-lock.json. */
export function listBundledPackages(rootPath: string): Set<string> {
  const { packages } = JSON.parse(readFileSync(join(rootPath, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  const found = new Set<string>();
  const waiting = IMPORTED_PACKAGES.map((name) => `node_modules/${name}`);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) {
      continue;
    }
    found.add(path);
    for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
      waiting.push(findFolder(packages, path, name));
    }
  }
  return found;
}

/** As Node.js looks for a package: in the folder of the package that imports it, then in those above. */
function findFolder(packages: Readonly<Record<string, LockedPackage>>, fromPath: string, name: string): string {
  for (let folder = fromPath; folder !== ''; folder = folder.replace(/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    const path = `${folder}/node_modules/${name}`;
    if (path in packages) {
      return path;
    }
  }
  return `node_modules/${name}`;
}
