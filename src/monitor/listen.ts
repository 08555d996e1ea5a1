/**
 * Lets a server listen, and says plainly why it cannot.
 */
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { formatAddress, type ListenAddress } from './listen-address.ts';

/** The address cannot be listened on; the message is all that a person needs. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string | undefined;

  constructor(message: string, cause: NodeJS.ErrnoException) {
    super(message, { cause });
    this.code = cause.code;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'not permitted',
  EADDRINUSE: 'address is in use',
  EADDRNOTAVAIL: 'machine has no such address',
  EAI_AGAIN: 'host name cannot be looked up',
  ENOTFOUND: 'host name is not known',
};

/**
 * Resolves to the address with the real port.
 * @throws {ListenError} when it is taken, not permitted, or not of this machine.
 */
export async function listen(
  server: FastifyInstance,
  { host, port }: ListenAddress,
): Promise<ListenAddress & { readonly host: string }> {
  try {
    await server.listen({ host: host ?? '::', port });
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    if (host === undefined && cause.code === 'EAFNOSUPPORT') {
      // A machine without IPv6: every address of it is an IPv4 one.
      return listen(server, { host: '0.0.0.0', port });
    }
    const reason = reasons[cause.code ?? ''] ?? cause.message;
    throw new ListenError(`Cannot listen on "${formatAddress(host ?? '', port)}": ${reason}`, cause);
  }
  const address = server.server.address() as AddressInfo;
  return { host: address.address, port: address.port };
}
