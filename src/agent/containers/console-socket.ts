/**
 * The terminal of a container's process: crun creates it inside the container and sends its master side over a unix
 * socket. Source: the section on terminals of crun(1) and runc's terminals.md.
 */
import { rmSync } from 'node:fs';
import { AF_UNIX, type Libc } from '../../transport/index.ts';

/** sun_family and a path with its NUL, see unix(7). */
const FAMILY_BYTES = 2;

export interface ConsoleSocket {
  readonly path: string;
  /**
   * The master side, once crun has ended with success.
   * @throws {Error} when none has come.
   */
  take(): number;
  close(): void;
}

/**
 * `path`: at most 107 bytes.
 * @throws {Error} the system error.
 */
export function openConsoleSocket(libc: Libc, path: string): ConsoleSocket {
  const descriptor = libc.openSocket(AF_UNIX);
  const address = Buffer.alloc(FAMILY_BYTES + Buffer.byteLength(path) + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, FAMILY_BYTES);
  try {
    libc.bindSocket(descriptor, address);
    libc.listenOn(descriptor, 1);
  } catch (error) {
    libc.closeDescriptor(descriptor);
    throw error;
  }
  return {
    path,
    take: () => {
      const connection = libc.acceptConnection(descriptor);
      try {
        return libc.receiveDescriptor(connection);
      } finally {
        libc.closeDescriptor(connection);
      }
    },
    close: () => {
      libc.closeDescriptor(descriptor);
      rmSync(path, { force: true });
    },
  };
}
