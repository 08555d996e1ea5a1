/**
 * The directory of one sandbox, and the names in it. Called when a shim starts and ends. Only valid ids become part of
 * its path, and only a directory that the shim has created is removed.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ID_RULE, isId } from '../ids/index.ts';

const SANDBOX_DIRECTORY_MODE = 0o700;
/** The root is shared by the shims of a node and by the monitor, which may run as a group. */
const ROOT_MODE = 0o750;

/**
 * Returns the id.
 * @throws {TypeError} for one that must not become part of a path.
 */
export function checkSandboxId(id: string): string {
  if (!isId(id)) {
    throw new TypeError(`Sandbox id "${id}" must be ${ID_RULE}`);
  }
  return id;
}

export interface SandboxDirectory {
  readonly path: string;
  readonly managementSocket: string;
  /** Path of the socket on which the agent of `run` listens. */
  readonly agentSocket: string;
  /**
   * Removes what this shim has made, or an earlier one of this sandbox that was killed, and is empty; what others have put
   * there stays.
   */
  remove(): Promise<void>;
}

/**
 * Creates the root and the directory if they do not exist.
 * @throws {Error} the system error.
 */
export async function openSandboxDirectory(root: string, sandboxId: string): Promise<SandboxDirectory> {
  const absoluteRoot = resolve(root);
  const path = join(absoluteRoot, checkSandboxId(sandboxId));
  // Synchronous, because the asynchronous ones cost each shim 0.6 MiB of memory for as long as it runs.
  const firstMadeRoot = mkdirSync(absoluteRoot, { recursive: true, mode: ROOT_MODE });
  const isNew = mkdirSync(path, { recursive: true, mode: SANDBOX_DIRECTORY_MODE }) !== undefined;
  const managementSocket = join(path, 'shim-monitor.sock');
  const isMade = isNew || existsSync(managementSocket);
  return {
    path,
    managementSocket,
    agentSocket: join(path, 'agent.sock'),
    remove: async () => {
      if (isMade) {
        await removeIfEmpty(path);
      }
      if (firstMadeRoot !== undefined) {
        for (let made = absoluteRoot; made.length >= firstMadeRoot.length; made = dirname(made)) {
          await removeIfEmpty(made);
        }
      }
    },
  };
}

const NOT_OURS_TO_REMOVE: ReadonlySet<string | undefined> = new Set(['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY']);

async function removeIfEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!NOT_OURS_TO_REMOVE.has((error as NodeJS.ErrnoException).code)) {
      throw error;
    }
  }
}
