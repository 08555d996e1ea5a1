/**
 * Generates the TypeScript of our .proto files: `node scripts/generate-proto.ts` rewrites the `gen` folders,
 * with `--check` it writes nothing and fails if what is committed differs from what would be generated.
 * Needs no network: buf and protoc-gen-es are development dependencies.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const rootPath = join(import.meta.dirname, '..');
/** Folders of .proto files; each has its generated code in `gen` below it. */
const modulePaths = ['src/proto', 'src/runtime-proto', 'test/proto'];

function generate(modulePath: string, outPath: string): void {
  const binPath = join(rootPath, 'node_modules/.bin');
  execFileSync(join(binPath, 'buf'), ['generate', modulePath, '--clean', '-o', outPath], {
    cwd: rootPath,
    env: { ...process.env, PATH: `${binPath}${delimiter}${process.env['PATH'] ?? ''}` },
    stdio: 'inherit',
  });
}

/** Path of every generated file below `folderPath`, with its text. */
function readGenerated(folderPath: string): Map<string, string> {
  const paths = globSync('gen/**/*.ts', { cwd: folderPath }).sort();
  return new Map(paths.map((path) => [path, readFileSync(join(folderPath, path), 'utf8')]));
}

function listDifferences(modulePath: string): string[] {
  const freshPath = mkdtempSync(join(tmpdir(), 'generate-proto-'));
  try {
    generate(modulePath, freshPath);
    const fresh = readGenerated(freshPath);
    const committed = readGenerated(join(rootPath, modulePath));
    const paths = [...new Set([...fresh.keys(), ...committed.keys()])];
    return paths.filter((path) => fresh.get(path) !== committed.get(path)).map((path) => join(modulePath, path));
  } finally {
    rmSync(freshPath, { recursive: true });
  }
}

if (process.argv.includes('--check')) {
  const differences = modulePaths.flatMap(listDifferences);
  if (differences.length > 0) {
    process.stderr.write(`Generated files are not up to date, run "node scripts/generate-proto.ts":\n`);
    process.stderr.write(differences.map((path) => `  ${path}\n`).join(''));
    process.exitCode = 1;
  }
} else {
  for (const modulePath of modulePaths) {
    generate(modulePath, join(rootPath, modulePath));
  }
}
