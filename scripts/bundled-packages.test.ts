import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IMPORTED_PACKAGES, listBundledPackages } from './bundled-packages.ts';

const rootPath = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(rootPath, path), 'utf8');
const { packages } = JSON.parse(read('package-lock.json')) as {
  packages: Record<string, { readonly dev?: boolean; readonly hasInstallScript?: boolean }>;
};
const MAX_PRODUCTION_PACKAGES = 40;

function findImports(): string[] {
  const sources = globSync('src/**/*.ts', { cwd: rootPath }).filter((path) => !path.endsWith('.test.ts'));
  const names = sources.flatMap((path) =>
    [...read(path).matchAll(/(?:\bfrom|\bimport\()\s*'((?:@[\w-]+\/)?[a-z][\w.-]*)(?:\/[^']*)?'/g)].map(
      ([, name]) => name!,
    ),
  );
  return [...new Set(names)].filter((name) => !name.startsWith('node:')).sort();
}

describe('the packages of the published programs', () => {
  it('are those that src/ imports', () => {
    expect([...IMPORTED_PACKAGES].sort()).toEqual(findImports());
  });

  it('are followed to what they need', () => {
    const bundled = listBundledPackages(rootPath);
    // None of them needs another.
    const expected = IMPORTED_PACKAGES.map((name) => `node_modules/${name}`);
    expect([...bundled].sort()).toEqual(expected.sort());
    expect([...bundled].filter((path) => !(path in packages))).toEqual([]);
  });

  it('leave few to be installed with the package, none of them with an install script', () => {
    const production = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    const installed = production.filter(
      ([path]) => !path.startsWith('node_modules/@koromix/') || /linux-(?:x64|arm64)$/.test(path),
    );
    expect(production.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([]);
    expect(installed.length).toBeGreaterThan(1);
    expect(installed.length).toBeLessThanOrEqual(MAX_PRODUCTION_PACKAGES);
  });
});
