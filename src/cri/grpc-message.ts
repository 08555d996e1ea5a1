/**
 * Assembles the message of the response to a unary call from its bytes as they arrive. Pure.
 */
import { Code, PREFIX_BYTES } from '../grpc/index.ts';
import { GrowingBytes } from '../program/growing-bytes.ts';

export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  /** A value of `Code`, or a number that gRPC has not defined yet. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What the prefix announces takes no space before it comes. */
export class MessageReader {
  readonly #maxBytes: number;
  readonly #received = new GrowingBytes();

  /** `maxBytes`: of the message. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws {GrpcError} as soon as it is known that this is not one uncompressed message within the limit */
  push(piece: Buffer): void {
    this.#received.push(piece);
    if (this.#received.length >= PREFIX_BYTES) {
      this.#check();
    }
  }

  /** @throws {GrpcError} for less than a message */
  finish(): Buffer {
    if (this.#received.length < PREFIX_BYTES) {
      throw new GrpcError(
        Code.internal,
        `response is not a message: it has ${this.#received.length} of the ${PREFIX_BYTES} bytes in front of one`,
      );
    }
    const bytes = this.#received.bytes.readUInt32BE(1);
    const received = this.#received.length - PREFIX_BYTES;
    if (received !== bytes) {
      throw new GrpcError(Code.internal, `response has ${received} of the ${bytes} bytes of its message`);
    }
    return this.#received.bytes.subarray(PREFIX_BYTES);
  }

  #check(): void {
    const isCompressed = this.#received.bytes[0];
    const bytes = this.#received.bytes.readUInt32BE(1);
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
    if (this.#received.length - PREFIX_BYTES > bytes) {
      throw new GrpcError(
        Code.internal,
        `response has bytes after its message of ${bytes} bytes, expected one message`,
      );
    }
  }
}
