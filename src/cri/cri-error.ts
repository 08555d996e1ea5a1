/**
 * The only error type of this module. Errors of gRPC are its `cause`.
 */

/**
 * `unreachable`: no socket, or no process listens on it. `timeout`: no response before the deadline. `unsupported`: it does not know
 * the call in any version of the interface. `invalid_answer`: the response is not valid, or larger than a node can have.
 * `failed`: the container manager returned an error.
 */
export type CriErrorCode = 'failed' | 'invalid_answer' | 'timeout' | 'unreachable' | 'unsupported';

export class CriError extends Error {
  override readonly name = 'CriError';
  readonly code: CriErrorCode;

  constructor(code: CriErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether the container manager is there and in its right mind, so that other calls are worth trying. */
export function isAnswer({ code }: CriError): boolean {
  return code === 'failed';
}
