/**
 * Reads the protobuf wire format: tags, varints, and lengths with their bytes. Reads nothing beyond its limit, and each byte
 * once. Source: https://protobuf.dev/programming-guides/encoding/.
 */
import { isUtf8 } from 'node:buffer';
import { WireError } from './wire-error.ts';

export const WireType = {
  varint: 0,
  fixed64: 1,
  lengthDelimited: 2,
  startGroup: 3,
  endGroup: 4,
  fixed32: 5,
} as const;

const MAX_VARINT_BYTES = 10;
const LOW_7 = 0x7f;
const MORE = 0x80;
const TWO_POW_28 = 2 ** 28;
const TWO_POW_32 = 2 ** 32;
const MAX_UINT32 = TWO_POW_32 - 1;

/** Groups in groups; of unknown fields only, because none of our messages has groups. */
const MAX_GROUP_DEPTH = 32;

const EMPTY = new Uint8Array();

/** Reads one message. Malformed and truncated bytes throw a WireError. */
export class WireReader {
  /** Offset of the next byte. */
  offset = 0;
  /** Offset after the last byte that may be read. */
  limit: number;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.limit = bytes.length;
  }

  get hasMore(): boolean {
    return this.offset < this.limit;
  }

  /** The number of the next field times 8, plus its wire type. @throws {WireError} */
  tag(): number {
    const tag = this.#varint();
    if (tag < 8 || tag > MAX_UINT32 || (tag & 7) > WireType.fixed32) {
      throw new WireError(`invalid tag before byte ${this.offset}`);
    }
    return tag;
  }

  /** The low 32 bits of a varint, without a sign. @throws {WireError} */
  uint32(): number {
    const byte = this.#bytes[this.offset]!;
    if (byte < MORE && this.offset < this.limit) {
      this.offset += 1;
      return byte;
    }
    return Number(BigInt.asUintN(32, this.uint64()));
  }

  /** The low 32 bits of a varint, with a sign. @throws {WireError} */
  int32(): number {
    return this.uint32() | 0;
  }

  /** @throws {WireError} */
  bool(): boolean {
    return this.uint64() !== 0n;
  }

  /** @throws {WireError} */
  uint64(): bigint {
    const start = this.offset;
    let low = 0;
    let high = 0;
    let factor = 1;
    for (let offset = start; offset < this.limit && offset < start + MAX_VARINT_BYTES; offset++) {
      const byte = this.#bytes[offset]!;
      const bits = (byte & LOW_7) * factor;
      if (offset - start < 4) {
        low += bits;
      } else {
        high += bits;
      }
      if (byte < MORE) {
        this.offset = offset + 1;
        return high === 0 ? BigInt(low) : BigInt.asUintN(64, BigInt(high) * BigInt(TWO_POW_28) + BigInt(low));
      }
      // From the fifth byte on, the weights begin again: all sums stay exact.
      factor = offset - start === 3 ? 1 : factor * MORE;
    }
    throw this.#invalidVarint(start);
  }

  /** @throws {WireError} */
  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /** A view of the bytes that follow their length. @throws {WireError} */
  bytes(): Uint8Array {
    const start = this.#enter();
    return start === this.offset ? EMPTY : this.#bytes.subarray(start, this.offset);
  }

  /** @throws {WireError} for bytes that are no UTF-8, too. */
  string(): string {
    const start = this.#enter();
    const text = this.#bytes.toString('utf8', start, this.offset);
    // A replacement character stands for invalid bytes, or for itself.
    if (text.includes('\uFFFD') && !isUtf8(this.#bytes.subarray(start, this.offset))) {
      throw new WireError(`string of ${this.offset - start} bytes is no UTF-8`);
    }
    return text;
  }

  /** Runs `read` with the limit at the end of the bytes that follow their length. @throws {WireError} */
  within(read: () => void): void {
    const { limit } = this;
    const start = this.#enter();
    this.limit = this.offset;
    this.offset = start;
    read();
    this.limit = limit;
  }

  /** Passes over the value of a field. @throws {WireError} */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case WireType.varint:
        this.#varint();
        return;
      case WireType.fixed64:
        this.#advance(8);
        return;
      case WireType.lengthDelimited:
        this.#enter();
        return;
      case WireType.fixed32:
        this.#advance(4);
        return;
      case WireType.startGroup:
        this.#skipGroup(tag, depth);
        return;
      default:
        throw new WireError(`end of a group that has not begun, before byte ${this.offset}`);
    }
  }

  #skipGroup(tag: number, depth: number): void {
    if (depth >= MAX_GROUP_DEPTH) {
      throw new WireError(`more than ${MAX_GROUP_DEPTH} nested groups`);
    }
    const end = tag - WireType.startGroup + WireType.endGroup;
    for (let next = this.tag(); next !== end; next = this.tag()) {
      this.skip(next, depth + 1);
    }
  }

  /** A varint as a number: exact below 2^53. */
  #varint(): number {
    const byte = this.#bytes[this.offset]!;
    if (byte < MORE && this.offset < this.limit) {
      this.offset += 1;
      return byte;
    }
    return Number(this.uint64());
  }

  /** Reads a length and passes over its bytes; returns where they start. */
  #enter(): number {
    const length = this.#varint();
    const start = this.offset;
    this.#advance(length);
    return start;
  }

  #advance(length: number): void {
    if (length > this.limit - this.offset) {
      throw new WireError(`${length} bytes expected, ${this.limit - this.offset} are left`);
    }
    this.offset += length;
  }

  #invalidVarint(start: number): WireError {
    return this.limit - start < MAX_VARINT_BYTES
      ? new WireError(`number at byte ${start} is cut off`)
      : new WireError(`number at byte ${start} has more than ${MAX_VARINT_BYTES} bytes`);
  }
}
