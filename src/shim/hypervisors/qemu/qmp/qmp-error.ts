/**
 * The one error type of the line to a QEMU monitor.
 */

/** `closed`: the line is gone. `refused`: QEMU answered with an error. `invalid`: what came is not QMP. `timeout`: no answer in time. */
export type QmpErrorCode = 'closed' | 'invalid' | 'refused' | 'timeout';

export class QmpError extends Error {
  override readonly name = 'QmpError';
  readonly code: QmpErrorCode;

  constructor(code: QmpErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
