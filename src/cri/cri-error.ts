/**
 * The only error type of this module. Errors of gRPC are its `cause`.
 */

/**
 * `unreachable`: no socket, or no process listens on it. `timeout`: no response before the deadline. `unsupported`: it does not know
 * the call in any version of the interface. `invalid_response`: the response is not valid, or larger than a node can have.
 * `failed`: the container manager returned an error.
 */
export type CriErrorCode = 'failed' | 'invalid_response' | 'timeout' | 'unreachable' | 'unsupported';

/** Thrown by every call to the container manager that fails. */
export class CriError extends Error {
  override readonly name = 'CriError';
  readonly code: CriErrorCode;

  constructor(code: CriErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether the container manager has responded to the call with an error, so that other calls may succeed. */
export function isResponse({ code }: CriError): boolean {
  return code === 'failed';
}
