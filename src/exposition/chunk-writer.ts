/**
 * Collects bytes in chunks of one size, for the writers of large answers. A finished chunk belongs to whoever takes it.
 */

import { LF } from './characters.ts';

/** Large enough to make the cost of handing it over small, small enough to keep an answer's memory small. */
const CHUNK_BYTES = 256 * 1024;

export class ChunkWriter {
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  /** Where the next byte goes in the chunk. */
  #at = 0;
  readonly #finished: Buffer[] = [];

  /** Appends a string that holds one byte in each character. */
  latin1(text: string): void {
    if (this.#chunk.length - this.#at < text.length) {
      this.#finish(text.length);
    }
    this.#at += this.#chunk.write(text, this.#at, 'latin1');
  }

  /** Appends `prefix`, what `from` holds from `start` to `split`, `inserted`, the rest up to `end`, and a line feed. */
  line(from: Uint8Array, start: number, split: number, end: number, prefix: Uint8Array, inserted: Uint8Array): void {
    const bytes = prefix.length + inserted.length + end - start + 1;
    if (this.#chunk.length - this.#at < bytes) {
      this.#finish(bytes);
    }
    const chunk = this.#chunk;
    let at = this.#at;
    for (let i = 0; i < prefix.length; i++) {
      chunk[at++] = prefix[i]!;
    }
    // For the few bytes of a name or a value a loop is faster than a call that copies.
    for (let i = start; i < split; i++) {
      chunk[at++] = from[i]!;
    }
    chunk.set(inserted, at);
    at += inserted.length;
    for (let i = split; i < end; i++) {
      chunk[at++] = from[i]!;
    }
    chunk[at++] = LF;
    this.#at = at;
  }

  bytes(bytes: Uint8Array): void {
    if (this.#chunk.length - this.#at < bytes.length) {
      this.#finish(bytes.length);
    }
    this.#chunk.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The chunks that are full, and from now on the caller's. */
  takeFinished(): Buffer[] {
    return this.#finished.splice(0);
  }

  /** The last chunk too. */
  takeAll(): Buffer[] {
    if (this.#at > 0) {
      this.#finish(0);
    }
    return this.takeFinished();
  }

  #finish(nextBytes: number): void {
    this.#finished.push(this.#chunk.subarray(0, this.#at));
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, nextBytes));
    this.#at = 0;
  }
}
