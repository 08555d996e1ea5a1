/**
 * Buffers for the chunks of an answer, used again when whoever took a chunk gives it back. New memory for every chunk
 * would cost page faults, and stay until the next collection of garbage.
 */

/** Large enough to make the cost of handing a chunk over small, small enough to keep an answer's memory small. */
export const CHUNK_BYTES = 256 * 1024;

/** Of a few answers at the same time. */
const DEFAULT_MAX_KEPT = 16;

export class ChunkPool {
  readonly #kept: Buffer[] = [];
  readonly #maxKept: number;

  /** More than `maxKept` are left to the garbage collector. */
  constructor(maxKept = DEFAULT_MAX_KEPT) {
    this.#maxKept = maxKept;
  }

  /** A buffer of `CHUNK_BYTES` or more, with anything in it. */
  take(bytes: number): Buffer {
    const kept = bytes <= CHUNK_BYTES ? this.#kept.pop() : undefined;
    return kept ?? Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes));
  }

  /** Takes back a chunk, whole or the written part of it, that nobody reads any more. */
  give(chunk: Buffer): void {
    if (chunk.buffer.byteLength === CHUNK_BYTES && this.#kept.length < this.#maxKept) {
      this.#kept.push(Buffer.from(chunk.buffer as ArrayBuffer));
    }
  }
}
