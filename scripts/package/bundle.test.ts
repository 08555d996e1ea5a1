import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startedHypervisors } from '../../src/catalog/hypervisors.ts';
import { listBundledPackages } from '../bundled-packages.ts';
import { bundlePrograms, NATIVE_PACKAGE } from './bundle.ts';
import { manifest } from './payload.ts';

const rootPath = join(import.meta.dirname, '../..');
const bundled = listBundledPackages(rootPath);

describe.each(['kata-agent', 'kata-monitor', 'kata-shim'])('%s in a bundle', (program) => {
  let folder: string;
  let packages: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'km-'));
    const { files, packageFolders } = await bundlePrograms([`src/bin/${program}.ts`], [NATIVE_PACKAGE]);
    packages = packageFolders.map((path) => relative(rootPath, path));
    const { version, engines } = manifest;
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ version, engines, type: 'module' }));
    for (const [path, code] of files) {
      mkdirSync(join(folder, 'dist', dirname(path)), { recursive: true });
      writeFileSync(join(folder, 'dist', path), code);
    }
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('runs where there is nothing else', () => {
    const run = (flag: string): string =>
      execFileSync(process.execPath, [join(folder, `dist/bin/${program}.js`), flag], { encoding: 'utf8' });
    expect(run('--version')).toBe(`${program} ${manifest.version}\n`);
    expect(run('--help')).toMatch(new RegExp(`^Usage: ${program}\\b`));
  });

  it('has only packages that src/ imports, and what they need', () => {
    expect(packages).toContain('node_modules/bcryptjs');
    expect(packages.filter((path) => !bundled.has(path))).toEqual([]);
    expect(packages).not.toContain('node_modules/koffi');
  });
});

/** Once, the modules of hypervisors were missing, because their paths are computed. */
it.each(startedHypervisors)('kata-shim in a bundle has hypervisor %s', async (kind) => {
  const { files } = await bundlePrograms(['src/bin/kata-shim.ts'], [NATIVE_PACKAGE]);
  expect([...files.values()].join('')).toContain(`./hypervisors/${kind}/open.ts`);
});

const programs = ['src/bin/kata-agent.ts', 'src/bin/kata-monitor.ts'];

it('bundles the same sources to the same bytes, in ASCII', async () => {
  const [first, second] = [await bundlePrograms(programs, []), await bundlePrograms(programs, [])];
  expect(first).toEqual(second);
  expect([...first.files.values()].join('')).toMatch(/^[\x00-\x7f]*$/);
});

it('rejects a program that needs a file beside it', async () => {
  const folder = mkdtempSync(join(rootPath, 'scripts/package/km-'));
  try {
    writeFileSync(join(folder, 'a.ts'), "import 'no-such-package';\nprocess.exit();\n");
    const path = relative(rootPath, join(folder, 'a.ts'));
    await expect(bundlePrograms([path], [])).rejects.toThrow(`Cannot bundle "${path}": it would need no-such-package`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
