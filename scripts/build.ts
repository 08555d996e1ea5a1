/**
 * Makes the published form in dist/ (npm run build, and by itself before npm pack): JavaScript and type declarations of
 * src/ without its tests. Fails when what came out could not run where only the package is.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildPage } from './build-page.ts';
import { bundleRuntime } from './bundle-runtime.ts';

const rootPath = join(import.meta.dirname, '..');
const shebang = '#!/usr/bin/env node\n';

/** The programs of package.json, as paths such as dist/bin/kata-monitor.js. */
function readPrograms(): string[] {
  const manifest: { bin: Record<string, string> } = JSON.parse(readFileSync(join(rootPath, 'package.json'), 'utf8'));
  return Object.values(manifest.bin);
}

/**
 * Programs and modules that still import TypeScript files. Declarations do, and may: the compiler finds x.d.ts for x.ts.
 */
function findSourceImports(): string[] {
  return globSync('dist/**/*.js', { cwd: rootPath }).filter((path) => {
    return /\b(?:from|import)\b[\s(]*['"]\.[^'"\n]*\.ts['"]/.test(readFileSync(join(rootPath, path), 'utf8'));
  });
}

rmSync(join(rootPath, 'dist'), { recursive: true, force: true });
const compiled = spawnSync(join(rootPath, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: rootPath,
  // Where npm pack runs this, standard output is not shown to who waits for the pack.
  stdio: ['ignore', process.stderr, process.stderr],
});
if (compiled.status !== 0) {
  process.exit(1);
}

const leftovers = findSourceImports();
if (leftovers.length > 0) {
  throw new Error(`Built files still import TypeScript: ${leftovers.join(', ')}`);
}

for (const program of readPrograms()) {
  const path = join(rootPath, program);
  if (!readFileSync(path, 'utf8').startsWith(shebang)) {
    throw new Error(`Program "${program}" does not begin with "${shebang.trim()}"`);
  }
  chmodSync(path, 0o755);
}

// containerd looks for Node.js where it looks for the shim.
await bundleRuntime({ outputPath: join(rootPath, 'dist/runtime'), nodeProgram: 'node' });

await buildPage(join(rootPath, 'dist/page'));
