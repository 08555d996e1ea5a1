/**
 * Checks the folder that a guest is to be built in, before it is replaced with all that is in it.
 */
import { accessSync, constants, existsSync, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { guestFileNames } from '../../src/shim/index.ts';
import { GuestError } from './guest-error.ts';

/** `path` is absolute. @throws {GuestError} for a folder that is something else than a guest, or cannot be made. */
export function checkOutputFolder(path: string): void {
  const parent = nearestParent(path);
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
    readdirSync(parent);
  } catch {
    throw new GuestError(
      `Option "--output" must be a directory that can be made: nothing can be written in "${parent}"`,
    );
  }
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isDirectory()) {
    throw new GuestError(`Option "--output" must be a directory, got "${path}"`);
  }
  if (stats !== undefined && readdirSync(path).length > 0 && !existsSync(join(path, guestFileNames.manifest))) {
    throw new GuestError(
      `Option "--output" must be a directory that is empty, holds a guest or does not exist: "${path}" has other files, which would be lost`,
    );
  }
}

function nearestParent(path: string): string {
  const parent = dirname(path);
  return parent === path || existsSync(parent) ? parent : nearestParent(parent);
}
