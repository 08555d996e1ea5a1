/**
 * The one message of the response to a unary call, as its bytes come. Pure.
 */
import { Code, PREFIX_BYTES } from '../grpc/index.ts';

export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  /** A value of `Code`, or a number that gRPC has not defined yet. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const FIRST_CAPACITY_BYTES = 4096;

/**
 * Copies what comes: a peer may send it byte by byte, and an object for each would take a hundred times its space. What the prefix
 * announces takes no space before it comes.
 */
export class MessageReader {
  readonly #maxBytes: number;
  #buffer = Buffer.alloc(0);
  #length = 0;

  /** `maxBytes`: of the message. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws {GrpcError} as soon as it is known that this is not one uncompressed message within the limit */
  push(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length, FIRST_CAPACITY_BYTES));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    bytes.copy(this.#buffer, this.#length);
    this.#length = needed;
    if (needed >= PREFIX_BYTES) {
      this.#check();
    }
  }

  /** @throws {GrpcError} for less than a message */
  finish(): Buffer {
    if (this.#length < PREFIX_BYTES) {
      throw new GrpcError(
        Code.internal,
        `response is not a message: it has ${this.#length} of the ${PREFIX_BYTES} bytes in front of one`,
      );
    }
    const bytes = this.#buffer.readUInt32BE(1);
    const received = this.#length - PREFIX_BYTES;
    if (received !== bytes) {
      throw new GrpcError(Code.internal, `response has ${received} of the ${bytes} bytes of its message`);
    }
    return this.#buffer.subarray(PREFIX_BYTES, this.#length);
  }

  #check(): void {
    const isCompressed = this.#buffer[0];
    const bytes = this.#buffer.readUInt32BE(1);
    if (isCompressed !== 0) {
      throw new GrpcError(
        Code.internal,
        `response is not an uncompressed message: its first byte is ${isCompressed}, expected 0`,
      );
    }
    if (bytes > this.#maxBytes) {
      throw new GrpcError(
        Code.resourceExhausted,
        `response of ${bytes} bytes exceeds the limit of ${this.#maxBytes} bytes`,
      );
    }
    if (this.#length - PREFIX_BYTES > bytes) {
      throw new GrpcError(
        Code.internal,
        `response has bytes after its message of ${bytes} bytes, expected one message`,
      );
    }
  }
}
