/**
 * The only error type of a connection to a QEMU monitor.
 */

/** `closed`: the connection is lost. `refused`: QEMU returned an error. `invalid`: not QMP. `timeout`: no response in time. */
export type QmpErrorCode = 'closed' | 'invalid' | 'refused' | 'timeout';

export class QmpError extends Error {
  override readonly name = 'QmpError';
  readonly code: QmpErrorCode;

  constructor(code: QmpErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
