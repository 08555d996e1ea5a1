/**
 * Makes paths of unix sockets usable that are longer than a socket address. The kernel limits the address, not the path: the
 * descriptor of the directory under /proc gives the socket a short path. Called by code that connects to a socket or listens on it.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** sun_path of struct sockaddr_un has 108 bytes, one of them for the NUL at the end: unix(7). */
export const MAX_SOCKET_ADDRESS_BYTES = 107;

/** `/proc/self/fd/`, a descriptor of ten digits at most, and `/`. */
const MAX_PREFIX_BYTES = 25;

/** Limit of the last part of a path in bytes: a longer one fits into no address. */
export const maxSocketNameBytes = MAX_SOCKET_ADDRESS_BYTES - MAX_PREFIX_BYTES;

/** PATH_MAX of Linux, without its NUL. */
export const MAX_SOCKET_PATH_BYTES = 4095;

/** O_PATH of open(2), which node:fs does not name: the directory need not be readable. */
const O_PATH = 0o10_000_000;

export interface SocketPath {
  /** Fits into an address, unless its last part is longer than `maxSocketNameBytes`. Valid until `close`. */
  readonly path: string;
  /** Has no effect if it is called again. */
  close(): void;
}

/**
 * Returns `path` itself if it fits into an address, otherwise a short path to the same socket.
 * @throws {Error} the system error, if the directory of a long path cannot be opened.
 */
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
 * Calls `connect` with a path that fits into an address. `connect` must call connect(2) before it returns, as `net.connect`
 * does for a path.
 * @throws {Error} the errors of `openSocketPath` and of `connect`.
 */
export function withSocketPath<T>(path: string, connect: (path: string) => T): T {
  const short = openSocketPath(path);
  try {
    return connect(short.path);
  } finally {
    short.close();
  }
}
