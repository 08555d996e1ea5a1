/**
 * Programs that Debian does not have, built once from Go's module proxy into the user's cache, outside of the clone: for
 * system tests on machines with Go.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './requirements.ts';

const run = promisify(execFile);
/** Of one build on a slow machine. */
const BUILD_TIMEOUT_MS = 20 * 60_000;

/** A folder in the cache of this project. */
export function cacheFolder(name: string): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kata-metrics', name);
}

export function findGo(): string | undefined {
  return findProgram('go') ?? ['/usr/local/go/bin/go'].find((path) => existsSync(path));
}

/** `go install` of packages with their version, into `folderPath`. */
export async function goInstall(folderPath: string, packages: readonly string[], tags = ''): Promise<void> {
  mkdirSync(folderPath, { recursive: true });
  await inScratch(folderPath, (scratchPath) =>
    runGo(['install', ...(tags === '' ? [] : ['-tags', tags]), ...packages], { GOBIN: scratchPath }),
  );
}

/** Moves files that are made in a scratch folder into `folderPath`: another test file never finds a program that is there in part. */
async function inScratch(folderPath: string, make: (scratchPath: string) => Promise<void>): Promise<void> {
  const scratchPath = mkdtempSync(join(folderPath, 'new-'));
  try {
    await make(scratchPath);
    for (const name of readdirSync(scratchPath)) {
      renameSync(join(scratchPath, name), join(folderPath, name));
    }
  } finally {
    rmSync(scratchPath, { recursive: true });
  }
}

/** A program that is the test of a package, as `go test -c` builds it. */
export async function goTestProgram(outputPath: string, packagePath: string, version: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'go-'));
  try {
    writeFileSync(join(folder, 'go.mod'), 'module build\n\ngo 1.24\n');
    await runGo(['get', '-t', `${packagePath}@${version}`], {}, folder);
    mkdirSync(dirname(outputPath), { recursive: true });
    await inScratch(dirname(outputPath), (scratchPath) =>
      runGo(['test', '-c', '-o', join(scratchPath, basename(outputPath)), packagePath], {}, folder),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Its path, or why it cannot be had: no Go, or no way to Go's module proxy. For a test that is skipped then; builds nothing
 * where something else is missing already.
 */
export async function tryProvide(
  provide: () => Promise<string>,
  missing: readonly string[],
): Promise<{ readonly path: string; readonly missing: readonly string[] }> {
  if (missing.length > 0) {
    return { path: '', missing };
  }
  try {
    return { path: await provide(), missing };
  } catch (error) {
    return { path: '', missing: [`a program built with Go: ${(error as Error).message.split('\n', 1)[0]}`] };
  }
}

async function runGo(args: readonly string[], env: NodeJS.ProcessEnv, cwd = tmpdir()): Promise<void> {
  const go = findGo();
  if (go === undefined) {
    throw new Error(`Cannot run "go ${args.join(' ')}": there is no Go`);
  }
  process.stderr.write(`Building with Go, once: go ${args.join(' ')}\n`);
  await run(go, [...args], {
    cwd,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', ...env },
    timeout: BUILD_TIMEOUT_MS,
    maxBuffer: 2 ** 26,
  });
}
