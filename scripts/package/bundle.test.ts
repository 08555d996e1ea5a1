import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startedHypervisors } from '../../src/catalog/hypervisors.ts';
import { listBundledPackages } from '../bundled-packages.ts';
import { bundleSource } from './bundle.ts';
import { manifest } from './payload.ts';

const rootPath = join(import.meta.dirname, '../..');
const bundled = listBundledPackages(rootPath);

describe.each(['kata-agent', 'kata-monitor', 'kata-shim'])('%s as one file', (program) => {
  let folder: string;
  let packages: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'km-'));
    const { code, packageFolders } = await bundleSource(`src/bin/${program}.ts`);
    packages = packageFolders.map((path) => relative(rootPath, path));
    const { version, engines } = manifest;
    mkdirSync(join(folder, 'dist/bin'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ version, engines, type: 'module' }));
    writeFileSync(join(folder, 'dist/bin/program.js'), code);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('runs where there is nothing else', () => {
    const run = (flag: string): string =>
      execFileSync(process.execPath, [join(folder, 'dist/bin/program.js'), flag], { encoding: 'utf8' });
    expect(run('--version')).toBe(`${program} ${manifest.version}\n`);
    expect(run('--help')).toMatch(new RegExp(`^Usage: ${program}\\b`));
  });

  it('has only packages that src/ imports, and what they need', () => {
    expect(packages).toContain('node_modules/@bufbuild/protobuf');
    expect(packages.filter((path) => !bundled.has(path))).toEqual([]);
    expect(packages).not.toContain('node_modules/koffi');
  });
});

/** Once, the modules of hypervisors were missing, because their paths are computed. */
it.each(startedHypervisors)('kata-shim as one file has hypervisor %s', async (kind) => {
  const { code } = await bundleSource('src/bin/kata-shim.ts');
  expect(code).toContain(`./hypervisors/${kind}/open.ts`);
});

it('bundles the same sources to the same bytes, in ASCII', async () => {
  const [first, second] = [await bundleSource('src/bin/kata-agent.ts'), await bundleSource('src/bin/kata-agent.ts')];
  expect(first).toEqual(second);
  expect(first.code).toMatch(/^[\x00-\x7f]*$/);
});

it('rejects a program that needs a file beside it', async () => {
  const folder = mkdtempSync(join(rootPath, 'scripts/package/km-'));
  try {
    writeFileSync(join(folder, 'a.ts'), "import 'no-such-package';\nprocess.exit();\n");
    const path = `scripts/package/${readdirSync(join(folder, '..')).find((name) => name.startsWith('km-'))}/a.ts`;
    await expect(bundleSource(path)).rejects.toThrow(
      `Cannot bundle "${path}" as one file: it would need no-such-package`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
