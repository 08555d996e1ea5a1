/**
 * The path of the API socket of a sandbox's Cloud Hypervisor; both runtimes place it among the files of the sandbox.
 */
import { lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Sandbox } from '../sandboxes/index.ts';

/** `directory`: the sandbox's own, of which the socket is an entry. `root`: the directory of all of them. */
export type ApiSocket = Pick<Sandbox, 'root' | 'directory' | 'socketPath'>;

/** The Go runtime keeps its sandboxes in `sbs`, and the files of their virtual machines in `vm` beside it. */
const GO_ROOT = 'sbs';
const GO_MACHINES = 'vm';
const GO_SOCKET = 'clh-api.sock';
/** runtime-rs keeps everything of a sandbox in one directory. */
const RUST_SOCKET = 'ch-api.sock';

export function nameApiSocket({ root, directory, id }: Sandbox): ApiSocket {
  if (basename(root) === GO_ROOT) {
    const machines = join(dirname(root), GO_MACHINES);
    const ofMachine = join(machines, id);
    return { root: machines, directory: ofMachine, socketPath: join(ofMachine, GO_SOCKET) };
  }
  return { root, directory, socketPath: join(directory, RUST_SOCKET) };
}

export function isThere({ socketPath }: ApiSocket): boolean {
  try {
    return lstatSync(socketPath, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A directory that may not be searched, or is a file: there is no socket for this process.
    return false;
  }
}
