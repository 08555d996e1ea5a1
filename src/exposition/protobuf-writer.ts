/**
 * The few wire types of protobuf that the exposition format needs, appended to one growing buffer.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

const INITIAL_BYTES = 256;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** A varint of 64 bits takes at most so many bytes. */
const MAX_VARINT_BYTES = 10;

export class ProtobufWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #at = 0;

  varint(field: number, value: number | bigint): void {
    this.#rawVarint((field << 3) | VARINT);
    this.#rawVarint(value);
  }

  double(field: number, value: number): void {
    this.#rawVarint((field << 3) | FIXED64);
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  string(field: number, value: string): void {
    this.message(field, Buffer.from(value));
  }

  /** An embedded message, a string or bytes. */
  message(field: number, bytes: Uint8Array): void {
    this.#rawVarint((field << 3) | LENGTH_DELIMITED);
    this.bytes(bytes);
  }

  /** Bytes behind their length, without a field number: how messages follow each other in a stream. */
  bytes(bytes: Uint8Array): void {
    this.#rawVarint(bytes.length);
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** What was written since the last call; it belongs to the caller. */
  take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(0, this.#at));
    this.#at = 0;
    return bytes;
  }

  #rawVarint(value: number | bigint): void {
    this.#reserve(MAX_VARINT_BYTES);
    if (typeof value === 'number' && value <= 0x7f) {
      this.#buffer[this.#at++] = value;
      return;
    }
    let rest = BigInt(value);
    while (rest > 0x7fn) {
      this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#at++] = Number(rest);
  }

  #reserve(bytes: number): void {
    if (this.#buffer.length - this.#at < bytes) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#at + bytes));
      larger.set(this.#buffer.subarray(0, this.#at));
      this.#buffer = larger;
    }
  }
}
