/**
 * Reserves a directory for this monitor by listening on a socket in it, which the kernel closes however the process ends.
 * Of two monitors on a node, only one processes the last words of a root.
 */
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { ownerSocketOf } from '../../last-words/index.ts';
import { openSocketPath, withSocketPath } from '../../socket-path/index.ts';

export interface OwnDirectory {
  readonly path: string;
  /** Releases the directory, so that another monitor may use it. */
  close(): void;
}

const OWNER_ONLY = 0o700;

/**
 * Creates the directory if it does not exist; its parent must exist.
 * @throws {Error} when another monitor owns it, or the system error.
 */
export async function ownDirectory(path: string): Promise<OwnDirectory> {
  makeDirectory(path);
  const socketPath = ownerSocketOf(path);
  if (await isAlive(socketPath)) {
    throw new Error(`Another monitor uses "${path}"`);
  }
  rmSync(socketPath, { force: true });
  // Until the end: libuv removes the socket by the path that it has listened on.
  const short = openSocketPath(socketPath);
  const server = createServer((socket) => socket.destroy()).unref();
  server.once('close', () => short.close());
  try {
    server.listen(short.path);
    await once(server, 'listening');
  } catch (error) {
    short.close();
    throw error;
  }
  return { path, close: () => void server.close() };
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: OWNER_ONLY });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
}

/** A socket of a process that has ended refuses connections. */
async function isAlive(socketPath: string): Promise<boolean> {
  const socket = withSocketPath(socketPath, (path) => connect(path));
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
