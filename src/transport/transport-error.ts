/**
 * The one error type of this room: why a stream could not be had, or an address could not be listened on.
 * Thrown by `dial` and `listen`. Text that is not an address is a TypeError instead: that is wrong use.
 */

/** `in_use`: a live server answers there. `not_a_socket`: something else has the path. `io`: anything the system says beyond these. */
export type TransportErrorCode =
  | 'aborted'
  | 'in_use'
  | 'io'
  | 'missing'
  | 'not_a_socket'
  | 'not_supported'
  | 'refused'
  | 'timeout';

export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

const CODES_BY_ERRNO: Readonly<Record<string, TransportErrorCode>> = {
  ECONNREFUSED: 'refused',
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  ENOTSOCK: 'not_a_socket',
  EADDRINUSE: 'in_use',
};

/** Turns an error of the system into a TransportError: `doing` is what was attempted, such as `Cannot connect to "unix:///a"`. */
export function toTransportError(doing: string, thrown: unknown): TransportError {
  if (thrown instanceof TransportError) {
    return thrown;
  }
  const errno = (thrown as NodeJS.ErrnoException).code ?? '';
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new TransportError(CODES_BY_ERRNO[errno] ?? 'io', `${doing}: ${text}`, { cause: thrown });
}
