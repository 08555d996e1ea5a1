/**
 * Lets a server listen, and says plainly why it cannot.
 */
import { once } from 'node:events';
import { fstatSync, readFileSync } from 'node:fs';
import { lstat, rm, stat } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { dirname } from 'node:path';
import { type FastifyInstance, fastify } from 'fastify';
import { formatAddress, type ListenAddress, type OpenSocket, type UnixAddress } from '../../settings/listen-address.ts';

/** The address cannot be listened on; the message is all that a person needs. */
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

/** Owner and group may connect, mode 0660: a proxy is let in by the socket's group, and nobody else is. */
const socketUmask = 0o117;

/**
 * Resolves to the address with the real port. A socket in the file system that nobody answers on any more is replaced;
 * it is removed when the server closes.
 * @throws {ListenError} when it is taken, not permitted, or not of this machine.
 */
export async function listen(server: FastifyInstance, address: ListenAddress | OpenSocket): Promise<ListenAddress> {
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
 * Resolves when the address can be listened on now; nothing listens afterwards.
 * @throws {ListenError} as `listen`.
 */
export async function checkAddress(address: ListenAddress): Promise<void> {
  const server = fastify();
  try {
    await listen(server, address);
  } finally {
    await server.close();
  }
}

/** Not by `server.listen`, which knows no descriptors. Whoever opened the socket keeps it: its path is not removed. */
async function listenOnOpenSocket(server: FastifyInstance, { descriptor }: OpenSocket): Promise<ListenAddress> {
  const listening = server.server;
  server.addHook('onClose', (_server, done) => void listening.close(() => done()));
  await server.ready();
  listening.listen({ fd: descriptor });
  await once(listening, 'listening');
  const address = listening.address();
  return address !== null && typeof address === 'object'
    ? { kind: 'tcp', host: address.address, port: address.port }
    : { kind: 'unix', path: readSocketPath(descriptor) };
}

/** By proc_pid_net(5), for Node.js does not tell; a name with `@` is in the abstract namespace. */
function readSocketPath(descriptor: number): string {
  const inode = fstatSync(descriptor).ino;
  const line = new RegExp(`^(?:\\S+ ){6} *${inode} (.+)$`, 'm').exec(readFileSync('/proc/net/unix', 'utf8'));
  return line?.[1] ?? 'unknown';
}

async function listenOnPort(
  server: FastifyInstance,
  { host, port }: Extract<ListenAddress, { kind: 'tcp' }>,
): Promise<ListenAddress> {
  try {
    await server.listen({ host: host ?? '::', port });
  } catch (error) {
    if (host === undefined && (error as NodeJS.ErrnoException).code === 'EAFNOSUPPORT') {
      // A machine without IPv6: every address of it is an IPv4 one.
      return listenOnPort(server, { kind: 'tcp', host: '0.0.0.0', port });
    }
    throw error;
  }
  const { address, port: realPort } = server.server.address() as AddressInfo;
  return { kind: 'tcp', host: address, port: realPort };
}

async function listenOnPath(server: FastifyInstance, address: UnixAddress): Promise<ListenAddress> {
  if (await isStaleSocket(address.path)) {
    await rm(address.path, { force: true });
  }
  // The socket must never be there with more rights than these, so that the mode is not set afterwards.
  const umask = process.umask(socketUmask);
  try {
    await server.listen({ path: address.path });
  } finally {
    process.umask(umask);
  }
  return address;
}

/**
 * What is wrong with the path of a socket, after listening on it has failed: libuv reports a directory that is missing as
 * EACCES. Undefined when nothing is to be seen.
 */
async function findPathFault(path: string): Promise<string | undefined> {
  const folder = dirname(path);
  const [folderStats, stats] = await Promise.all(
    [folder, path].map((each) => stat(each).catch((error: NodeJS.ErrnoException) => error.code)),
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

/** Whether a socket is there that refuses connections: its program is gone. Another kind of file is never stale. */
async function isStaleSocket(path: string): Promise<boolean> {
  const isSocket = await lstat(path).then(
    (stats) => stats.isSocket(),
    () => false, // not there, or not to be seen: listening says why
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
