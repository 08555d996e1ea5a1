/**
 * Where QEMU is on this machine.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The guests that are built here are for this kind of CPU only. */
export const QEMU_PROGRAM = 'qemu-system-x86_64';

/** Its path by PATH; undefined where it is not installed, or on a machine of another kind. */
export function findQemu(env: NodeJS.ProcessEnv): string | undefined {
  if (process.arch !== 'x64') {
    return undefined;
  }
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, QEMU_PROGRAM))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not for us: both mean that it cannot be used.
    return false;
  }
}
