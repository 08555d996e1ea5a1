/**
 * Writes the protobuf wire format into one buffer that grows. Checks that each value fits its field.
 * For messages by tables, which are small. The writers of many samples (`otlp/byte-writer.ts`, `exposition/write/protobuf-writer.ts`)
 * check nothing.
 */
import { WireError } from './wire-error.ts';
import { WireType } from './wire-reader.ts';

const FIRST_BYTES = 128;
const MAX_VARINT_BYTES = 10;
const MAX_UINT32 = 2 ** 32 - 1;
const MAX_INT32 = 2 ** 31 - 1;
const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_INT64 = 2n ** 63n - 1n;

/** Writes one message. A value that does not fit its field throws a WireError. */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** Returns the written bytes, a view that later writes do not change. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  tag(fieldNumber: number, wireType: number): this {
    return this.#varint(fieldNumber * 8 + wireType);
  }

  /** @throws {WireError} */
  uint32(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > MAX_UINT32) {
      throw new WireError(`expected an integer from 0 to ${MAX_UINT32}, got ${value}`);
    }
    return this.#varint(value);
  }

  /** Negative ones take 10 bytes, as in 64 bits. @throws {WireError} */
  int32(value: number): this {
    if (!Number.isInteger(value) || value < -MAX_INT32 - 1 || value > MAX_INT32) {
      throw new WireError(`expected an integer from ${-MAX_INT32 - 1} to ${MAX_INT32}, got ${value}`);
    }
    return value < 0 ? this.#bigVarint(BigInt.asUintN(64, BigInt(value))) : this.#varint(value);
  }

  bool(value: boolean): this {
    return this.#varint(value ? 1 : 0);
  }

  /** @throws {WireError} */
  uint64(value: bigint): this {
    if (typeof value !== 'bigint' || value < 0n || value > MAX_UINT64) {
      throw new WireError(`expected an unsigned integer of 64 bits, got ${value}`);
    }
    return this.#bigVarint(value);
  }

  /** @throws {WireError} */
  int64(value: bigint): this {
    if (typeof value !== 'bigint' || value < -MAX_INT64 - 1n || value > MAX_INT64) {
      throw new WireError(`expected an integer of 64 bits, got ${value}`);
    }
    return this.#bigVarint(BigInt.asUintN(64, value));
  }

  /** @throws {WireError} */
  bytes(value: Uint8Array): this {
    if (!(value instanceof Uint8Array)) {
      throw new WireError(`expected bytes, got ${typeof value}`);
    }
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** @throws {WireError} for half of a surrogate pair, too: it has no form in UTF-8. */
  string(value: string): this {
    if (typeof value !== 'string' || !value.isWellFormed()) {
      throw new WireError(`expected a string of whole characters, got ${typeof value}`);
    }
    const length = Buffer.byteLength(value);
    this.#varint(length);
    this.#reserve(length);
    this.#length += this.#bytes.write(value, this.#length, 'utf8');
    return this;
  }

  lengthDelimited(fieldNumber: number, value: Uint8Array): this {
    return this.tag(fieldNumber, WireType.lengthDelimited).bytes(value);
  }

  #varint(value: number): this {
    this.#reserve(MAX_VARINT_BYTES);
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  #bigVarint(value: bigint): this {
    if (value <= MAX_UINT32) {
      return this.#varint(Number(value));
    }
    this.#reserve(MAX_VARINT_BYTES);
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
    }
    this.#bytes[this.#length++] = Number(rest);
    return this;
  }

  #reserve(byteCount: number): void {
    const needed = this.#length + byteCount;
    if (needed <= this.#bytes.length) {
      return;
    }
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
