/**
 * Connects to an address, with a timeout. Called by clients of the agent. Never retries: the caller knows when that makes
 * sense.
 */
import type { Duplex } from 'node:stream';
import { type Address, formatAddress } from './address.ts';
import { connectUnix } from './dial-unix.ts';
import { type DialOptions, dialWithin } from './dial-within.ts';
import { connectHybridVsock } from './hybrid-vsock.ts';
import { openSession } from './serial/host-side.ts';
import { TransportError } from './transport-error.ts';
import { connectVsock } from './vsock.ts';

/**
 * Connects. The stream ends its own side only on request.
 * @throws {TransportError} `not_there` when waiting makes sense, `timeout`, `aborted`, `protocol`, `not_a_socket`,
 * `not_supported` or `io`.
 */
export function dial(address: Address, options: DialOptions = {}): Promise<Duplex> {
  const text = formatAddress(address);
  return dialWithin<Duplex>(text, options, (signal) => {
    switch (address.kind) {
      case 'unix':
      case 'remote':
        return connectUnix(address.path, signal);
      case 'vsock':
        return connectVsock(address, signal);
      case 'hvsock':
        return connectHybridVsock(address, signal);
      case 'serial+unix':
        return connectUnix(address.path, signal).then((pipe) => openSession(pipe, text, signal));
      case 'serial':
        throw new TransportError('not_supported', `Cannot connect to "${text}": this side of a port listens`);
    }
  });
}
