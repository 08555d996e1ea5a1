/**
 * A pool of buffers for the chunks of a response, reused when the caller returns a chunk. New memory for every chunk would
 * cost page faults, and stay allocated until the next garbage collection.
 */

/** Large enough to keep the cost per chunk small, small enough to keep the memory of a response small. */
export const CHUNK_BYTES = 256 * 1024;

/** Enough for a few concurrent responses. */
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

  /** Returns a chunk, or the written part of it, to the pool when it is no longer read. */
  give(chunk: Buffer): void {
    if (chunk.buffer.byteLength === CHUNK_BYTES && this.#kept.length < this.#maxKept) {
      this.#kept.push(Buffer.from(chunk.buffer as ArrayBuffer));
    }
  }
}
