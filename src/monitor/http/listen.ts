/**
 * Makes a server listen, and describes clearly why it cannot.
 */
import { once } from 'node:events';
import { fstatSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type ListenOptions, type Server } from 'node:net';
import { dirname } from 'node:path';
import { formatAddress, type ListenAddress, type OpenSocket, type UnixAddress } from '../../settings/listen-address.ts';

/** The server cannot listen on the address; the message is meant for users. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string | undefined;

  constructor(message: string, cause?: NodeJS.ErrnoException) {
    super(message, { cause });
    this.code = cause?.code;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'not permitted',
  EADDRINUSE: 'address is in use',
  EADDRNOTAVAIL: 'machine has no such address',
  EAI_AGAIN: 'host name cannot be looked up',
  ENOENT: 'no such directory',
  ENOTFOUND: 'host name is not known',
};

/** Only the owner and the group may connect, mode 0660; a proxy gets access by the group of the socket. */
const SOCKET_UMASK = 0o117;

/**
 * Resolves to the address with the actual port. A stale unix socket, on which no process listens, is replaced. The unix
 * socket is removed when the server closes.
 * @throws {ListenError} when the address is in use, not permitted, or not an address of this machine.
 */
export async function listen(server: Server, address: ListenAddress | OpenSocket): Promise<ListenAddress> {
  try {
    switch (address.kind) {
      case 'tcp':
        return await listenOnPort(server, address);
      case 'unix':
        return await listenOnPath(server, address);
      case 'open':
        return await listenOnOpenSocket(server, address);
    }
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    const reason =
      (address.kind === 'unix' ? await findPathFault(address.path) : undefined) ??
      reasons[cause.code ?? ''] ??
      cause.message;
    const where = address.kind === 'open' ? `descriptor ${address.descriptor}` : `"${formatAddress(address)}"`;
    throw new ListenError(`Cannot listen on ${where}: ${reason}`, cause);
  }
}

/**
 * Checks that a server can listen on the address now, and stops listening.
 * @throws {ListenError} as `listen`.
 */
export async function checkAddress(address: ListenAddress): Promise<void> {
  const server = createServer();
  try {
    await listen(server, address);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** The path of the socket is not removed when the server closes: systemd owns it. */
async function listenOnOpenSocket(server: Server, { descriptor }: OpenSocket): Promise<ListenAddress> {
  await startListening(server, { fd: descriptor });
  const address = server.address();
  return address !== null && typeof address === 'object'
    ? { kind: 'tcp', host: address.address, port: address.port }
    : { kind: 'unix', path: readSocketPath(descriptor) };
}

async function startListening(server: Server, options: ListenOptions & { readonly fd?: number }): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}

/** From proc_pid_net(5), because Node.js does not expose it; a leading `@` means the abstract namespace. */
function readSocketPath(descriptor: number): string {
  const inode = fstatSync(descriptor).ino;
  const line = new RegExp(`^(?:\\S+ ){6} *${inode} (.+)$`, 'm').exec(readFileSync('/proc/net/unix', 'utf8'));
  return line?.[1] ?? 'unknown';
}

async function listenOnPort(
  server: Server,
  { host, port }: Extract<ListenAddress, { kind: 'tcp' }>,
): Promise<ListenAddress> {
  try {
    await startListening(server, { host: host ?? '::', port });
  } catch (error) {
    if (host === undefined && (error as NodeJS.ErrnoException).code === 'EAFNOSUPPORT') {
      // A machine without IPv6 has only IPv4 addresses.
      return listenOnPort(server, { kind: 'tcp', host: '0.0.0.0', port });
    }
    throw error;
  }
  const { address, port: realPort } = server.address() as AddressInfo;
  return { kind: 'tcp', host: address, port: realPort };
}

async function listenOnPath(server: Server, address: UnixAddress): Promise<ListenAddress> {
  if (await isStaleSocket(address.path)) {
    await process.getBuiltinModule('node:fs/promises').rm(address.path, { force: true });
  }
  // By umask, because a mode set after binding would leave the socket open to others for a moment.
  const umask = process.umask(SOCKET_UMASK);
  try {
    await startListening(server, { path: address.path });
  } finally {
    process.umask(umask);
  }
  return address;
}

/**
 * Finds the fault of a socket path after listening has failed: libuv reports a missing directory as EACCES. Undefined when
 * no fault is visible.
 */
async function findPathFault(path: string): Promise<string | undefined> {
  const folder = dirname(path);
  const [folderStats, stats] = await Promise.all(
    [folder, path].map((each) =>
      process
        .getBuiltinModule('node:fs/promises')
        .stat(each)
        .catch((error: NodeJS.ErrnoException) => error.code),
    ),
  );
  if (folderStats === 'ENOENT') {
    return `directory "${folder}" does not exist`;
  }
  if (folderStats === 'ENOTDIR' || (typeof folderStats === 'object' && !folderStats.isDirectory())) {
    return `"${folder}" is not a directory`;
  }
  if (typeof stats !== 'object' || stats.isSocket()) {
    return undefined;
  }
  return stats.isDirectory() ? `"${path}" is a directory` : `"${path}" is not a socket`;
}

/** Whether the path is a socket that refuses connections, because its process has ended. Other files are never stale. */
async function isStaleSocket(path: string): Promise<boolean> {
  const isSocket = await process
    .getBuiltinModule('node:fs/promises')
    .lstat(path)
    .then(
      (stats) => stats.isSocket(),
      () => false, // missing or not accessible: listening reports the reason
    );
  if (!isSocket) {
    return false;
  }
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}
