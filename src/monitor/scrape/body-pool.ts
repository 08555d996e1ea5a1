/**
 * Memory for the bodies of shims, used again as soon as a body's values are taken out of it. New memory for every body
 * would call the garbage collector at each third scrape, which took a third of a scrape's CPU.
 */

/** Sizes are rounded up to this, so that a body that has grown by a few digits still fits. */
const STEP_BYTES = 16 * 1024;
/** Larger ones are not kept: one sandbox that sends megabytes must not hold them for good. */
const MAX_KEPT_BYTES = 256 * 1024;
/** As many as are read at the same time by default. */
const MAX_KEPT = 64;

export class BodyPool {
  readonly #kept: Buffer[] = [];
  /** The memory of all buffers that were made here. */
  readonly #made = new WeakSet<ArrayBufferLike>();

  /** A buffer of at least `bytes`, with anything in it. */
  readonly take = (bytes: number): Buffer => {
    const kept = this.#kept.pop();
    if (kept !== undefined && kept.length >= bytes) {
      return kept;
    }
    const made = Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    this.#made.add(made.buffer);
    return made;
  };

  /** Takes back a body, whole or a part of it, that is read no more. One that did not come from here is left alone. */
  give({ buffer }: Buffer): void {
    const isKept = this.#made.has(buffer) && buffer.byteLength <= MAX_KEPT_BYTES;
    if (isKept && this.#kept.length < MAX_KEPT) {
      this.#kept.push(Buffer.from(buffer as ArrayBuffer));
    }
  }
}
