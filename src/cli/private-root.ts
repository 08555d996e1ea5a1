/**
 * The directory of the sandboxes that `up` starts, which only this user can enter. Called by the fleet, which removes it.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from './cli-error.ts';

/** `sun_path` of `struct sockaddr_un` has 108 bytes, the last of them 0 (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;
/** `/`, a sandbox id of 64 digits, and the longer of the two sockets in its directory. */
const BELOW_ROOT_BYTES = '/'.length + 64 + '/shim-monitor.sock'.length;
const MAX_ROOT_BYTES = MAX_SOCKET_PATH_BYTES - BELOW_ROOT_BYTES;

export const PRIVATE_ROOT_PREFIX = 'km-';
/** Length of the suffix that mkdtemp appends. */
const RANDOM_LENGTH = 6;

/** /run is memory on most machines and gone after a boot, as these sandboxes are; but only root may write there. */
export const defaultParents: readonly string[] = ['/run', tmpdir(), '/tmp'];

const GO_ON: ReadonlySet<string | undefined> = new Set(['EACCES', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS']);

/** Creates it in the first of `parents` that allows it. @throws {CliError} with the reason for each parent */
export async function makePrivateRoot(parents: readonly string[] = defaultParents): Promise<string> {
  const refusals: string[] = [];
  for (const parent of new Set(parents)) {
    const prefix = join(parent, PRIVATE_ROOT_PREFIX);
    const bytes = Buffer.byteLength(prefix) + RANDOM_LENGTH;
    if (bytes > MAX_ROOT_BYTES) {
      refusals.push(
        `"${parent}" results in a path of ${bytes} bytes, and the limit for sockets in it is ${MAX_ROOT_BYTES}`,
      );
      continue;
    }
    try {
      return await mkdtemp(prefix);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!GO_ON.has(code)) {
        throw error;
      }
      refusals.push(`"${parent}": ${code}`);
    }
  }
  throw new CliError(`Cannot create a directory for sandboxes: ${refusals.join('; ')}`);
}
