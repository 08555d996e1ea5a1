/**
 * A pool of buffers for the bodies of shims, and for their filtered parts. A buffer is reused as soon as the values of its body were copied. New memory for
 * every body ran the garbage collector at each third scrape, which took a third of the CPU time of a scrape.
 */

/** Sizes are rounded up to a multiple of this, so that a body that has grown by a few digits still fits. */
const STEP_BYTES = 16 * 1024;

export interface BodyPoolOptions {
  /** Larger buffers are not kept: a sandbox that sent megabytes once must not occupy them forever. Default: 256 KiB. */
  readonly maxKeptBytes?: number;
  /** Default: 64, the number of bodies that are read concurrently by default. */
  readonly maxKept?: number;
}

export class BodyPool {
  readonly #maxKeptBytes: number;
  readonly #maxKept: number;
  readonly #kept: Buffer[] = [];
  /** The memory of all buffers allocated by this pool. */
  readonly #made = new WeakSet<ArrayBufferLike>();

  constructor({ maxKeptBytes = 256 * 1024, maxKept = 64 }: BodyPoolOptions = {}) {
    this.#maxKeptBytes = maxKeptBytes;
    this.#maxKept = maxKept;
  }

  /** Returns a buffer of at least `bytes` bytes with arbitrary content. */
  readonly take = (bytes: number): Buffer => {
    const kept = this.#kept.pop();
    if (kept !== undefined && kept.length >= bytes) {
      return kept;
    }
    const made = Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    this.#made.add(made.buffer);
    return made;
  };

  /** Returns a body, or a view of it, to the pool when it is no longer read. Ignores buffers that are not from this pool. */
  give({ buffer }: Buffer): void {
    const isKept = this.#made.has(buffer) && buffer.byteLength <= this.#maxKeptBytes;
    if (isKept && this.#kept.length < this.#maxKept) {
      this.#kept.push(Buffer.from(buffer as ArrayBuffer));
    }
  }
}
