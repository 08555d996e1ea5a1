/**
 * Paths of the files of deploy/ that the package contains: rules and dashboards.
 */
import { isAbsolute, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Both `src/cli` and the built `dist/cli` are two folders below the package. */
const deployFolder = fileURLToPath(new URL('../../deploy/', import.meta.url));

/** Absolute path of a file or a directory of deploy/. */
export function deployFile(path: string): string {
  return join(deployFolder, path);
}

/** The path as users type it: relative if it is below the current directory. */
export function toShortPath(path: string, currentDirectory = process.cwd()): string {
  const short = relative(currentDirectory, path);
  return currentDirectory === '/' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
