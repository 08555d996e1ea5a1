/**
 * Room for the values of bodies whose series are known already. Many small ones share a slab: one buffer for each would
 * be hundreds of them a scrape for the garbage collector to look after.
 */

import { MAX_OVERSHOOT_BYTES } from '../format/words.ts';
import { INTS_PER_LINE, type ValueStore } from '../scan/line-table.ts';
import { CHUNK_BYTES, type ChunkPool } from '../write/chunk-pool.ts';

const INT_BYTES = Int32Array.BYTES_PER_ELEMENT;
const NOTHING = Buffer.alloc(0);

export class ValueSlabs {
  readonly #pool: ChunkPool | undefined;
  #slab: Buffer = NOTHING;
  /** Where there is room in the slab. */
  #at = 0;
  #taken: Buffer[] = [];
  #isKept = false;
  #isReleased = false;

  /** With a pool, slabs come from there and go back when they are released; else the garbage collector has them. */
  constructor(pool?: ChunkPool) {
    this.#pool = pool;
  }

  /** Room for the values of so many lines that are so many bytes in all, and for what copying by words writes too much. */
  take(lines: number, valueBytes: number): ValueStore {
    const offsetsBytes = lines * INTS_PER_LINE * INT_BYTES;
    const bytes = valueBytes + MAX_OVERSHOOT_BYTES;
    const from = this.#reserve(offsetsBytes + bytes);
    const buffer = this.#slab.buffer as ArrayBuffer;
    return {
      offsets: new Int32Array(buffer, from, lines * INTS_PER_LINE),
      bytes: Buffer.from(buffer, from + offsetsBytes, bytes),
      words: new DataView(buffer, from + offsetsBytes, bytes),
    };
  }

  /** From now on `release` does nothing: somebody else reads what is in the slabs, and does not say when that ends. */
  keep(): void {
    this.#isKept = true;
  }

  /** The slabs are used again: what is in them must be read no more. What is taken after this goes its own way. */
  release(): void {
    if (!this.#isReleased && !this.#isKept) {
      for (const slab of this.#taken) {
        this.#pool?.give(slab);
      }
    }
    this.#isReleased = true;
    this.#taken = [];
    this.#slab = NOTHING;
  }

  #reserve(bytes: number): number {
    const from = Math.ceil(this.#at / INT_BYTES) * INT_BYTES;
    if (from + bytes <= this.#slab.length) {
      this.#at = from + bytes;
      return from;
    }
    this.#slab =
      this.#pool === undefined || this.#isReleased
        ? Buffer.allocUnsafeSlow(this.#isReleased ? bytes : Math.max(CHUNK_BYTES, bytes))
        : this.#pool.take(bytes);
    this.#at = bytes;
    this.#taken.push(this.#slab);
    return 0;
  }
}
