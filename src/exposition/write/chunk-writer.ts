/**
 * Collects bytes in chunks, for the writers of large responses. The caller that takes a finished chunk owns it.
 */
import { LF } from '../format/characters.ts';
import type { ExtraLabels } from '../format/extra-labels.ts';
import { MAX_OVERSHOOT_BYTES, viewOf, WORD_BYTES } from '../format/words.ts';
import { INTS_PER_LINE, type Scan } from '../scan/scanned-body.ts';
import type { ChunkPool } from './chunk-pool.ts';

export class ChunkWriter {
  readonly #pool: ChunkPool;
  #chunk: Buffer;
  #words: DataView;
  /** Where the next byte goes in the chunk. */
  #at = 0;
  readonly #finished: Buffer[] = [];

  constructor(pool: ChunkPool) {
    this.#pool = pool;
    this.#chunk = pool.take(0);
    this.#words = viewOf(this.#chunk);
  }

  /** Appends a string that holds one byte in each character. */
  latin1(text: string): void {
    this.#reserve(text.length);
    this.#at += this.#chunk.write(text, this.#at, 'latin1');
  }

  /**
   * Appends the lines from `from` up to `to` (not included), `prefix` in front of each and the labels put in. Returns
   * the first line that it cannot copy: one that is too near to the end of its bytes; `to` when there is none.
   */
  lines(
    { form, values: table }: Pick<Scan, 'form' | 'values'>,
    from: number,
    to: number,
    prefix: Uint8Array,
    labels: ExtraLabels,
  ): number {
    const { offsets: series, words } = form.series;
    const { offsets: values, words: valueWords } = table;
    const { afterLabels, inBraces } = labels;
    const seriesWordsEnd = words.byteLength - MAX_OVERSHOOT_BYTES;
    const valueWordsEnd = valueWords.byteLength - MAX_OVERSHOOT_BYTES;
    const addedBytes = prefix.length + inBraces.length + 1 + MAX_OVERSHOOT_BYTES;
    let line = from;
    for (; line < to; line++) {
      const at = line * INTS_PER_LINE;
      const start = series[at]!;
      const insertAt = series[at + 1]!;
      const valueStart = values[at]!;
      const valueEnd = values[at + 1]!;
      const seriesEnd = insertAt < 0 ? ~insertAt : insertAt;
      if (seriesEnd > seriesWordsEnd || valueEnd > valueWordsEnd) {
        break;
      }
      const bytes = addedBytes + seriesEnd - start + valueEnd - valueStart;
      if (this.#chunk.length - this.#at < bytes) {
        this.#renew(bytes);
      }
      const chunk = this.#chunk;
      const chunkWords = this.#words;
      let end = this.#at;
      if (prefix.length > 0) {
        chunk.set(prefix, end);
        end += prefix.length;
      }
      const inserted = insertAt < 0 ? inBraces : afterLabels;
      // By words, see words.ts. Two loops in place: in some processes V8 does not inline a function for both, and copying
      // then takes 2.5 times as long.
      for (let i = start, target = end; i < seriesEnd; i += WORD_BYTES, target += WORD_BYTES) {
        chunkWords.setInt32(target, words.getInt32(i, true), true);
      }
      end += seriesEnd - start;
      chunk.set(inserted, end);
      end += inserted.length;
      for (let i = valueStart, target = end; i < valueEnd; i += WORD_BYTES, target += WORD_BYTES) {
        chunkWords.setInt32(target, valueWords.getInt32(i, true), true);
      }
      end += valueEnd - valueStart;
      chunk[end] = LF;
      this.#at = end + 1;
    }
    return line;
  }

  /** Whether there are chunks to take. */
  get hasFinished(): boolean {
    return this.#finished.length > 0;
  }

  /** The chunks that are full, and from now on the caller's. */
  takeFinished(): Buffer[] {
    return this.#finished.splice(0);
  }

  /** The last chunk too; nothing can be written after it. */
  takeAll(): Buffer[] {
    this.#finished.push(this.#chunk.subarray(0, this.#at));
    return this.takeFinished();
  }

  #reserve(bytes: number): void {
    if (this.#chunk.length - this.#at < bytes) {
      this.#renew(bytes);
    }
  }

  #renew(bytes: number): void {
    this.#finished.push(this.#chunk.subarray(0, this.#at));
    this.#chunk = this.#pool.take(bytes);
    this.#words = viewOf(this.#chunk);
    this.#at = 0;
  }
}
