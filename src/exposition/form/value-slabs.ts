/**
 * Memory for the values of bodies whose form is known. The values of several bodies share a slab, because a buffer for
 * each would create hundreds of buffers per scrape for the garbage collector.
 */

import { MAX_OVERSHOOT_BYTES } from '../format/words.ts';
import { INTS_PER_LINE, type ValueTable } from '../scan/scanned-body.ts';
import { CHUNK_BYTES, type ChunkPool } from '../write/chunk-pool.ts';

const INT_BYTES = Int32Array.BYTES_PER_ELEMENT;
const NOTHING = Buffer.alloc(0);

/** The slabs of one collection. They are released when all responses made from the collection are sent. */
export class ValueSlabs {
  readonly #pool: ChunkPool | undefined;
  #slab: Buffer = NOTHING;
  /** Offset of the free space in the slab. */
  #at = 0;
  #taken: Buffer[] = [];
  #isKept = false;
  #isReleased = false;
  /** Number of writers that may still write to their reservations. */
  #writers = 0;

  /** `pool`: provides slabs, and gets them back when they are released. Default: the garbage collector frees them. */
  constructor(pool?: ChunkPool) {
    this.#pool = pool;
  }

  /** Space for the values of that many lines, with that many bytes in all, and for what copying by words writes beyond them. */
  take(lines: number, valueBytes: number): ValueTable {
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

  /** Announces a writer: slabs are not used again before as many `endWriting`. */
  beginWriting(): void {
    this.#writers++;
  }

  endWriting(): void {
    this.#writers--;
    this.#giveBack();
  }

  /** Makes `release` have no effect, because another collection reads the slabs and does not report its end. */
  keep(): void {
    this.#isKept = true;
  }

  /** Releases the slabs, which must not be read afterwards. Later reservations are left to the garbage collector. */
  release(): void {
    this.#isReleased = true;
    this.#slab = NOTHING;
    this.#giveBack();
  }

  #giveBack(): void {
    if (!this.#isReleased || this.#writers > 0) {
      return;
    }
    for (const slab of this.#isKept ? [] : this.#taken) {
      this.#pool?.give(slab);
    }
    this.#taken = [];
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
    // Without a pool nothing is given back, and to remember a slab would keep it for ever.
    if (this.#pool !== undefined && !this.#isReleased) {
      this.#taken.push(this.#slab);
    }
    return 0;
  }
}
