/**
 * Paths of sockets in the file system that are longer than a socket's address may be. The kernel limits the address, not
 * the path: a directory's descriptor under /proc leads to the same socket by a short one. Called by code that connects to such
 * a path or listens on it.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** sun_path of struct sockaddr_un has 108 bytes, one of them for the NUL at the end: unix(7). */
export const MAX_SOCKET_ADDRESS_BYTES = 107;

/** `/proc/self/fd/`, a descriptor of ten digits at most, and `/`. */
const MAX_PREFIX_BYTES = 25;

/** A longer last part of a path fits into no address. */
export const maxSocketNameBytes = MAX_SOCKET_ADDRESS_BYTES - MAX_PREFIX_BYTES;

/** PATH_MAX of Linux, without its NUL. */
export const MAX_SOCKET_PATH_BYTES = 4095;

/** O_PATH of open(2), which node:fs does not name: the directory need not be readable. */
const O_PATH = 0o10_000_000;

export interface SocketPath {
  /** Fits into an address, unless its last part is too long for one. Valid until `close`. */
  readonly path: string;
  /** Can be called again. */
  close(): void;
}

/** @throws the system's error, where the directory of a long path cannot be opened. */
export function openSocketPath(path: string): SocketPath {
  if (Buffer.byteLength(path) <= MAX_SOCKET_ADDRESS_BYTES) {
    return { path, close: () => undefined };
  }
  let descriptor: number | undefined = openSync(dirname(path), O_PATH | constants.O_DIRECTORY);
  return {
    path: `/proc/self/fd/${descriptor}/${basename(path)}`,
    close: () => {
      if (descriptor !== undefined) {
        closeSync(descriptor);
        descriptor = undefined;
      }
    },
  };
}

/**
 * Runs `connect`, which has to make its connect(2) before it returns, as `net.connect` does for a path.
 * @throws as `openSocketPath`, and as `connect` does.
 */
export function withSocketPath<T>(path: string, connect: (path: string) => T): T {
  const short = openSocketPath(path);
  try {
    return connect(short.path);
  } finally {
    short.close();
  }
}
