/**
 * Collects bytes in chunks of one size, for the writers of large answers. A finished chunk belongs to whoever takes it.
 */
import { LF } from './characters.ts';
import { copyWords, MAX_OVERSHOOT_BYTES, viewOf } from './words.ts';

/** Large enough to make the cost of handing it over small, small enough to keep an answer's memory small. */
const CHUNK_BYTES = 256 * 1024;

export class ChunkWriter {
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #words = viewOf(this.#chunk);
  /** Where the next byte goes in the chunk. */
  #at = 0;
  readonly #finished: Buffer[] = [];

  /** Appends a string that holds one byte in each character. */
  latin1(text: string): void {
    this.#reserve(text.length);
    this.#at += this.#chunk.write(text, this.#at, 'latin1');
  }

  /**
   * Appends `prefix`, what `from` holds from `start` to `split`, `inserted`, the rest up to `end`, and a line feed.
   * `from` must hold `MAX_OVERSHOOT_BYTES` behind `end`.
   */
  line(from: DataView, start: number, split: number, end: number, prefix: Uint8Array, inserted: Uint8Array): void {
    this.#reserve(prefix.length + inserted.length + end - start + 1 + MAX_OVERSHOOT_BYTES);
    const chunk = this.#chunk;
    let at = this.#at;
    if (prefix.length > 0) {
      chunk.set(prefix, at);
      at += prefix.length;
    }
    copyWords(from, start, split, this.#words, at);
    at += split - start;
    chunk.set(inserted, at);
    at += inserted.length;
    copyWords(from, split, end, this.#words, at);
    at += end - split;
    chunk[at++] = LF;
    this.#at = at;
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

  #reserve(bytes: number): void {
    if (this.#chunk.length - this.#at < bytes) {
      this.#finish(bytes);
    }
  }

  #finish(nextBytes: number): void {
    this.#finished.push(this.#chunk.subarray(0, this.#at));
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, nextBytes));
    this.#words = viewOf(this.#chunk);
    this.#at = 0;
  }
}
