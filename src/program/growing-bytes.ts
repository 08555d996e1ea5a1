/**
 * Bytes that come in pieces, as one buffer. A peer may send each byte alone, and a list of pieces would take a hundred times the
 * space of what is in them. Pure.
 */

const FIRST_CAPACITY_BYTES = 4096;
const MAX_KEPT_BYTES = 64 * 1024;
const NO_BYTES = Buffer.alloc(0);

export class GrowingBytes {
  #buffer = NO_BYTES;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view: valid until the next `push` after `clear`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Copies them. In all, takes time linear in the bytes, and less than three times their space. */
  push(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length, FIRST_CAPACITY_BYTES));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = length;
  }

  /** Begins with none, and keeps the space for what is not large. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > MAX_KEPT_BYTES) {
      this.#buffer = NO_BYTES;
    }
  }
}
