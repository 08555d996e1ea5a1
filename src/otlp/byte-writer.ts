/**
 * Appends bytes to one buffer, which grows and is used again. The fields of protobuf whose message is not finished are begun
 * with a length of four bytes, which is filled in at the end: a varint may be longer than it must be.
 * Not `WireWriter` of wire: this one writes JSON too, and a push writes every data point with it, so that it checks no value and
 * makes no object for a message.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

const INITIAL_BYTES = 64 * 1024;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
/** Bytes of a length that is filled in later. */
const LENGTH_BYTES = 4;
/** Tag and the longest length. */
const HEAD_BYTES = 6;
/** Bytes of a double or a fixed64 with its tag. */
export const FIXED64_BYTES = 9;

/** Bytes of an embedded message or a string of that length, with its tag and its length. */
export function delimitedBytes(length: number): number {
  let bytes = 2 + length;
  for (let rest = length; rest > 0x7f; rest >>>= 7) {
    bytes++;
  }
  return bytes;
}

export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** How many bytes were written. */
  get length(): number {
    return this.#at;
  }

  /** The written bytes: valid until the next write. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  get lastByte(): number | undefined {
    return this.#bytes[this.#at - 1];
  }

  /** Drops everything after the first `length` bytes. */
  truncate(length: number): void {
    this.#at = length;
  }

  text(text: string): void {
    // No character of a string needs more bytes.
    this.reserve(3 * text.length);
    this.#at += this.#bytes.write(text, this.#at);
  }

  raw(from: Uint8Array, start = 0, end = from.length): void {
    this.reserve(end - start);
    this.rawReserved(from, start, end);
  }

  /** Short ones are the rule: a call of the engine's copy would cost more than the loop. */
  rawReserved(from: Uint8Array, start: number, end: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = start; i < end; i++) {
      bytes[at++] = from[i]!;
    }
    this.#at = at;
  }

  /** All fields here have numbers below 16, whose tag is one byte. */
  double(field: number, value: number): void {
    this.reserve(FIXED64_BYTES);
    this.#bytes[this.#at] = (field << 3) | FIXED64;
    this.#view.setFloat64(this.#at + 1, value, true);
    this.#at += FIXED64_BYTES;
  }

  fixed64(field: number, value: bigint): void {
    this.reserve(FIXED64_BYTES);
    this.#bytes[this.#at] = (field << 3) | FIXED64;
    this.#view.setBigUint64(this.#at + 1, value, true);
    this.#at += FIXED64_BYTES;
  }

  /** A field whose value is below 128. */
  small(field: number, value: number): void {
    this.reserve(2);
    this.#bytes[this.#at++] = field << 3;
    this.#bytes[this.#at++] = value;
  }

  /** Tag and length of a field whose `length` bytes follow, for which there is space then. */
  beginDelimited(field: number, length: number): void {
    this.reserve(HEAD_BYTES + length);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = (field << 3) | LENGTH_DELIMITED;
    let rest = length;
    for (; rest > 0x7f; rest >>>= 7) {
      bytes[at++] = (rest & 0x7f) | 0x80;
    }
    bytes[at++] = rest;
    this.#at = at;
  }

  string(field: number, text: string): void {
    this.beginDelimited(field, Buffer.byteLength(text));
    this.text(text);
  }

  /** Begins a message of unknown length. Returns what `endMessage` needs. */
  beginMessage(field: number): number {
    this.reserve(1 + LENGTH_BYTES);
    this.#bytes[this.#at++] = (field << 3) | LENGTH_DELIMITED;
    this.#at += LENGTH_BYTES;
    return this.#at;
  }

  endMessage(start: number): void {
    const length = this.#at - start;
    if (length >= 2 ** 28) {
      throw new RangeError(`Message of ${length} bytes exceeds what its length field can express`);
    }
    for (let i = 0; i < LENGTH_BYTES; i++) {
      const isLast = i === LENGTH_BYTES - 1;
      this.#bytes[start - LENGTH_BYTES + i] = ((length >>> (7 * i)) & 0x7f) | (isLast ? 0 : 0x80);
    }
  }

  reserve(bytes: number): void {
    if (this.#bytes.length - this.#at < bytes) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#at + bytes));
      this.#bytes.copy(larger, 0, 0, this.#at);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
  }
}
