/**
 * Names the native packages of package-lock.json that are not installed. scripts/install-packages.sh runs it after npm,
 * which drops an optional package that it cannot download, and reports success. Uses only Node.js itself.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockedPackage {
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

export interface Platform {
  readonly os: string;
  readonly cpu: string;
  /** `glibc` or `musl`. */
  readonly libc: string;
}

/** Paths below `folder`, such as `node_modules/@koromix/koffi-linux-x64`. */
export function findMissingPackages(folder: string, platform: Platform): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  return Object.entries(packages)
    .filter(([, entry]) => entry.optional === true && isNativeFor(entry, platform))
    .map(([path]) => path)
    .filter((path) => !existsSync(join(folder, path, 'package.json')));
}

/** Packages without `os` and `cpu` belong to other packages, which may not be for this platform. */
function isNativeFor({ os, cpu, libc }: LockedPackage, platform: Platform): boolean {
  return (
    os?.includes(platform.os) === true &&
    cpu?.includes(platform.cpu) === true &&
    (libc === undefined || libc.includes(platform.libc))
  );
}

if (import.meta.main) {
  const { header } = process.report.getReport() as unknown as { readonly header: { glibcVersionRuntime?: string } };
  const libc = header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  const missing = findMissingPackages(process.cwd(), { os: process.platform, cpu: process.arch, libc });
  process.stdout.write(missing.map((path) => `${path}\n`).join(''));
}
