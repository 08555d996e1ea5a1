/**
 * Room for the values of bodies whose series are known already. Many small ones share a slab, which goes when the last of
 * them does: one buffer for each would be hundreds of them a scrape for the garbage collector to look after.
 */
import { INTS_PER_LINE, type ValueStore } from './line-table.ts';
import { MAX_OVERSHOOT_BYTES } from './words.ts';

const SLAB_BYTES = 256 * 1024;
const INT_BYTES = Int32Array.BYTES_PER_ELEMENT;

export class ValueSlabs {
  #slab = new ArrayBuffer(0);
  #at = 0;

  /** Room for the values of so many lines that are so many bytes in all, and for what copying by words writes too much. */
  take(lines: number, valueBytes: number): ValueStore {
    const offsetsBytes = lines * INTS_PER_LINE * INT_BYTES;
    const bytes = valueBytes + MAX_OVERSHOOT_BYTES;
    const from = this.#reserve(offsetsBytes + bytes);
    return {
      offsets: new Int32Array(this.#slab, from, lines * INTS_PER_LINE),
      bytes: Buffer.from(this.#slab, from + offsetsBytes, bytes),
      words: new DataView(this.#slab, from + offsetsBytes, bytes),
    };
  }

  #reserve(bytes: number): number {
    const from = Math.ceil(this.#at / INT_BYTES) * INT_BYTES;
    if (from + bytes <= this.#slab.byteLength) {
      this.#at = from + bytes;
      return from;
    }
    this.#slab = new ArrayBuffer(Math.max(SLAB_BYTES, bytes));
    this.#at = bytes;
    return 0;
  }
}
