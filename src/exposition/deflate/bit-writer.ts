/**
 * Writes bits in the order of DEFLATE, the lowest first, into chunks for the caller.
 */

const CHUNK_BYTES = 64 * 1024;
/** Limit of the bytes that are written between two calls of `reserve`. */
const RESERVED_BYTES = 64;

export class BitWriter {
  chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  /** Offset of the next byte in the chunk. */
  at = 0;
  /** Bits that have no byte yet: less than 16. */
  held = 0;
  heldBits = 0;
  #finished: Buffer[] = [];

  /** Whether there are chunks to take. */
  get hasFinished(): boolean {
    return this.#finished.length > 0;
  }

  takeFinished(): Buffer[] {
    const finished = this.#finished;
    this.#finished = [];
    return finished;
  }

  /** Makes space for 16 calls of `put`. */
  reserve(): void {
    if (this.at > CHUNK_BYTES - RESERVED_BYTES) {
      this.#finished.push(this.chunk.subarray(0, this.at));
      this.chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      this.at = 0;
    }
  }

  /** Writes at most 16 bits. The caller must have reserved space. */
  put(bits: number, count: number): void {
    const held = this.held | (bits << this.heldBits);
    const heldBits = this.heldBits + count;
    if (heldBits >= 16) {
      this.chunk[this.at] = held;
      this.chunk[this.at + 1] = held >>> 8;
      this.at += 2;
      this.held = held >>> 16;
      this.heldBits = heldBits - 16;
    } else {
      this.held = held;
      this.heldBits = heldBits;
    }
  }

  /** Fills the last byte. */
  align(): void {
    this.reserve();
    for (; this.heldBits > 0; this.heldBits -= 8) {
      this.chunk[this.at++] = this.held;
      this.held >>>= 8;
    }
    this.held = 0;
    this.heldBits = 0;
  }

  /** Whole bytes; the bits before them must be aligned. */
  bytes(bytes: readonly number[]): void {
    this.reserve();
    for (const byte of bytes) {
      this.chunk[this.at++] = byte;
    }
  }

  /** The last chunk too. */
  takeAll(): Buffer[] {
    this.#finished.push(this.chunk.subarray(0, this.at));
    return this.takeFinished();
  }
}
