/**
 * Remembers, for each kind of body that a node's shims send, one scan of it: scanning the next body of that kind is then
 * mostly comparing bytes. A help to speed alone; an answer is the same without it.
 */
import type { Scan } from '../exposition/index.ts';

/** Go shims, runtime-rs and ours, in a few versions each. */
const MAX_KINDS = 8;
/** Of the body's beginning, which tells kinds apart: HELP of the first family. */
const KEY_BYTES = 64;

export class LikeBodies {
  /** By the beginning of the body, the longest unused first. */
  readonly #scans = new Map<string, Scan>();

  find(body: Buffer): Scan | undefined {
    return this.#scans.get(keyOf(body));
  }

  remember(body: Buffer, scan: Scan): void {
    const key = keyOf(body);
    this.#scans.delete(key);
    this.#scans.set(key, scan);
    const [longestUnused] = this.#scans.keys();
    if (this.#scans.size > MAX_KINDS && longestUnused !== undefined) {
      this.#scans.delete(longestUnused);
    }
  }
}

function keyOf(body: Buffer): string {
  return body.toString('latin1', 0, KEY_BYTES);
}
