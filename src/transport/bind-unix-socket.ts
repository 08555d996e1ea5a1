/**
 * Binds a server to a socket file that only its owner may use: a stale socket is replaced, a live one refused, anything
 * else left alone. Called by `listen` and by other servers (HTTP). Reads the file system synchronously, because it does
 * so once, and node:fs/promises costs each process 0.6 MiB of memory.
 */
import { chmodSync, lstatSync, type Stats, statSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import { openSocketPath } from '../socket-path/index.ts';
import { dialUnix } from './dial-unix.ts';
import { TransportError, toListenError } from './transport-error.ts';

/** Read and write for the owner only: any client that can connect can send every request. */
const SOCKET_MODE = 0o600;
/** Takes away what SOCKET_MODE does not have. */
const SOCKET_UMASK = 0o177;
/** A live server accepts at once; one that hangs counts as live. */
const PROBE_TIMEOUT_MS = 1000;

/**
 * Binds and listens. The socket file goes when the server is closed.
 * @throws {TransportError} `in_use` when a live server has the path, `not_a_socket` when something else has it,
 * `missing` when its directory does not exist, or `io`.
 */
export async function bindUnixSocket(server: Server, path: string): Promise<void> {
  const address = `unix://${path}`;
  try {
    // Without this, a missing directory would be reported as EACCES: libuv renames the error of bind(2).
    statSync(dirname(path));
    await removeStaleSocket(path, `Cannot listen on "${address}"`);
    await listenPrivately(server, path);
    chmodSync(path, SOCKET_MODE);
  } catch (error) {
    throw toListenError(address, error);
  }
}

async function removeStaleSocket(path: string, doing: string): Promise<void> {
  const stats: Stats | undefined = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    return;
  }
  if (!stats.isSocket()) {
    throw new TransportError('not_a_socket', `${doing}: the path is not a socket`);
  }
  if (await isListening(path)) {
    throw new TransportError('in_use', `${doing}: a live server has it`);
  }
  unlinkSync(path);
}

async function isListening(path: string): Promise<boolean> {
  try {
    const socket = await dialUnix(path, { timeoutMs: PROBE_TIMEOUT_MS });
    socket.destroy();
    return true;
  } catch (error) {
    return !(error instanceof TransportError && error.code === 'not_there');
  }
}

function listenPrivately(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Until the end: when a server is closed, libuv removes its socket by the path that it has listened on.
  const short = openSocketPath(path);
  server.once('close', () => short.close());
  const onError = (error: Error): void => {
    short.close();
    reject(error);
  };
  server.once('error', onError);
  // Node binds before `listen` returns, so no other user finds the socket open between bind and chmod.
  const oldMask = setMask(SOCKET_UMASK);
  try {
    server.listen({ path: short.path }, () => {
      server.off('error', onError);
      resolve();
    });
  } finally {
    if (oldMask !== undefined) {
      process.umask(oldMask);
    }
  }
  return promise;
}

/** Undefined in a worker thread, which may not set it: there the directory must be private. */
function setMask(mask: number): number | undefined {
  try {
    return process.umask(mask);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_UNSUPPORTED_OPERATION') {
      return undefined;
    }
    throw error;
  }
}
