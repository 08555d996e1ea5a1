/**
 * Makes the published form in dist/ (npm run build, and by itself before npm pack): the programs with the packages that
 * they use, the modules of the package's own exports with their types, the shim of the runtime and the page.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildPage, pagePackageFolders } from './build-page.ts';
import { bundleRuntime } from './bundle-runtime.ts';
import { bundlePrograms } from './package/bundle.ts';
import { formatLicenses, readNpmComponents } from './package/third-party.ts';

const rootPath = join(import.meta.dirname, '..');
const distPath = join(rootPath, 'dist');
const SHEBANG = '#!/usr/bin/env node\n';
const EXECUTABLE_MODE = 0o755;

/** The programs of package.json, as paths such as dist/bin/kata-monitor.js. */
function readPrograms(): string[] {
  const manifest: { bin: Record<string, string> } = JSON.parse(readFileSync(join(rootPath, 'package.json'), 'utf8'));
  return Object.values(manifest.bin);
}

/** The modules of `exports` in package.json, and what they import. */
function compileExports(): void {
  const compiled = spawnSync(join(rootPath, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
    cwd: rootPath,
    // Where npm pack runs this, standard output is not shown to who waits for the pack.
    stdio: ['ignore', process.stderr, process.stderr],
  });
  if (compiled.status !== 0) {
    process.exit(1);
  }
}

/** Returns the folders of the npm packages that are in the programs. */
async function writePrograms(): Promise<readonly string[]> {
  const programs = readPrograms();
  const sources = programs.map((path) => `src/bin/${basename(path, '.js')}.ts`);
  const { files, packageFolders } = await bundlePrograms(sources, []);
  for (const [path, code] of files) {
    mkdirSync(join(distPath, dirname(path)), { recursive: true });
    writeFileSync(join(distPath, path), code);
  }
  for (const program of programs) {
    const path = join(rootPath, program);
    if (!readFileSync(path, 'utf8').startsWith(SHEBANG)) {
      throw new Error(`Program "${program}" does not begin with "${SHEBANG.trim()}"`);
    }
    chmodSync(path, EXECUTABLE_MODE);
  }
  return packageFolders;
}

rmSync(distPath, { recursive: true, force: true });
compileExports();
const packageFolders = await writePrograms();
// containerd looks for Node.js where it looks for the shim.
await bundleRuntime({ outputPath: join(distPath, 'runtime'), nodeProgram: 'node' });
await buildPage(join(distPath, 'page'));
const licenses = formatLicenses(readNpmComponents([...packageFolders, ...pagePackageFolders]));
writeFileSync(join(distPath, 'THIRD-PARTY-LICENSES'), licenses);
