/**
 * The one error type of this module: why connecting to an address, or listening on it, failed.
 * Thrown by `dial` and `listen`. Text that is not an address is a TypeError instead: that is wrong use.
 */

/**
 * `not_there`: nothing listens at the address yet, and the caller can retry; a machine that is still booting yields this for
 * every kind of address. `missing`: the directory to listen in does not exist. `in_use`: a live server listens there.
 * `not_a_socket`: the path is not a socket. `protocol`: the peer speaks another protocol. `not_supported`: this side of the
 * address, or this machine, does not support it. `io`: any other error of the system.
 */
export type TransportErrorCode =
  | 'aborted'
  | 'in_use'
  | 'io'
  | 'missing'
  | 'not_a_socket'
  | 'not_supported'
  | 'not_there'
  | 'protocol'
  | 'timeout';

/** Why an address could not be connected to or listened on; `code` is the kind of the failure. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** What connect(2) says: unix(7), vsock(7). Of AF_VSOCK, a port without a listener resets, a machine without an agent
 * times out, and one that is not started has no device. */
const DIAL_CODES: ReadonlyMap<string, TransportErrorCode> = new Map<string, TransportErrorCode>([
  ['ECONNREFUSED', 'not_there'],
  ['ECONNRESET', 'not_there'],
  ['ENODEV', 'not_there'],
  ['ENOENT', 'not_there'],
  ['ENOTDIR', 'not_there'],
  ['ETIMEDOUT', 'not_there'],
  ['EAFNOSUPPORT', 'not_supported'],
  ['ERR_MODULE_NOT_FOUND', 'not_supported'],
  ['ENOTSOCK', 'not_a_socket'],
]);

const LISTEN_CODES: ReadonlyMap<string, TransportErrorCode> = new Map<string, TransportErrorCode>([
  ['EADDRINUSE', 'in_use'],
  ['EAFNOSUPPORT', 'not_supported'],
  ['EBUSY', 'in_use'],
  ['ERR_MODULE_NOT_FOUND', 'not_supported'],
  ['ENOENT', 'missing'],
  ['ENOTDIR', 'missing'],
  ['ENOTSOCK', 'not_a_socket'],
]);

/** Turns what connecting threw into a TransportError; `address` as text, such as `unix:///a`. */
export function toDialError(address: string, thrown: unknown): TransportError {
  return toTransportError(`Cannot connect to "${address}"`, thrown, DIAL_CODES);
}

/** Turns what listening threw into a TransportError. */
export function toListenError(address: string, thrown: unknown): TransportError {
  return toTransportError(`Cannot listen on "${address}"`, thrown, LISTEN_CODES);
}

function toTransportError(
  doing: string,
  thrown: unknown,
  codes: ReadonlyMap<string, TransportErrorCode>,
): TransportError {
  if (thrown instanceof TransportError) {
    return thrown;
  }
  const errno = (thrown as NodeJS.ErrnoException).code ?? '';
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new TransportError(codes.get(errno) ?? 'io', `${doing}: ${text}`, { cause: thrown });
}

/** Why a serial stream ends when the hypervisor has closed its port, as it does at its end. A guest cannot do that. */
export const LINE_CLOSED = 'the line was closed';
