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

  /** A buffer of at least `bytes`, with anything in it. */
  readonly take = (bytes: number): Buffer => {
    const kept = this.#kept.pop();
    return kept !== undefined && kept.length >= bytes
      ? kept
      : Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
  };

  /** Takes back a body that came from here, whole or a part of it, and that nobody reads any more. */
  give({ buffer }: Buffer): void {
    const { byteLength } = buffer;
    const isOfHere = byteLength > 0 && byteLength % STEP_BYTES === 0 && byteLength <= MAX_KEPT_BYTES;
    if (isOfHere && this.#kept.length < MAX_KEPT) {
      this.#kept.push(Buffer.from(buffer as ArrayBuffer));
    }
  }
}
