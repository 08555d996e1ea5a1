/**
 * The Node.js runtime as the guest has it: the program without its symbols, and the shared libraries that it loads.
 * Called by the guest's build.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface NodeRuntime {
  readonly version: string;
  readonly program: Buffer;
  /** By the absolute path under which the program looks for it. */
  readonly libraries: ReadonlyMap<string, Buffer>;
}

/** `nodePath`: a program for this machine's kind. `scratchPath`: a folder for files on the way. */
export function readNodeRuntime(nodePath: string, scratchPath: string): NodeRuntime {
  const strippedPath = join(scratchPath, 'node');
  execFileSync('strip', ['--strip-all', '-o', strippedPath, nodePath]);
  return {
    version: execFileSync(nodePath, ['--version'], { encoding: 'utf8' }).trim(),
    program: readFileSync(strippedPath),
    libraries: new Map(listLibraries(nodePath).map((path) => [path, readFileSync(path)])),
  };
}

/**
 * Absolute paths by ldd(1). `/lib` is a link to `/usr/lib` on Debian, so both paths of a file may occur: they are kept as
 * the dynamic linker knows them. `libraryPath`: where to look before the machine's own folders.
 */
export function listLibraries(programPath: string, libraryPath?: string): string[] {
  const env = libraryPath === undefined ? process.env : { ...process.env, LD_LIBRARY_PATH: libraryPath };
  const lines = execFileSync('ldd', [programPath], { encoding: 'utf8', env }).split('\n');
  const missing = lines.filter((line) => line.includes('not found'));
  if (missing.length > 0) {
    throw new Error(`Cannot take "${programPath}" into the guest: ${missing.map((line) => line.trim()).join(', ')}`);
  }
  return lines.flatMap((line) => /(?:=> |^\t)(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}
