/**
 * Writes literals and matches as dynamic blocks of DEFLATE. The first symbols of a block are buffered until its codes can
 * be computed from them; later ones are written at once with the same codes, because the lines of one family are alike.
 * The caller provides the matches, because it knows where the same bytes occurred, so nothing is searched.
 */
import { BitWriter } from './bit-writer.ts';
import { BlockCodes } from './block-codes.ts';
import {
  distanceBase,
  distanceExtraCount,
  distanceSymbolOf,
  END_OF_BLOCK,
  lengthSymbol,
  MAX_MATCH_BYTES,
  MIN_MATCH_BYTES,
} from './symbols.ts';

/** Symbols from which the codes of a block are made. */
const SAMPLE_SYMBOLS = 8 * 1024;
/** Symbols that are written with these codes before a block ends: what follows may not be alike. */
const MAX_DIRECT_SYMBOLS = 96 * 1024;
/** A block with fewer symbols is continued where a new part begins, because another header takes about 80 bytes. */
const MIN_DIRECT_SYMBOLS = 2 * 1024;
/** A kept match has its distance, less 1, in the lower bits, and its length above; a literal is its byte. */
const LENGTH_SHIFT = 16;
/** Each has 15 bits at most, as `BitWriter.reserve` makes space for. */
const LITERALS_PER_RESERVE = 16;

export class BlockWriter {
  readonly output = new BitWriter();
  readonly #codes = new BlockCodes();
  readonly #sample = new Int32Array(SAMPLE_SYMBOLS);
  #sampled = 0;
  /** How many symbols can be written with the codes at hand; 0 while symbols are kept. */
  #direct = 0;

  /** Marks that the following bytes differ from those before, so that a new block with other codes may begin. */
  beginPart(): void {
    if (this.#direct > 0 && this.#direct < MAX_DIRECT_SYMBOLS - MIN_DIRECT_SYMBOLS) {
      this.#endBlock();
    }
  }

  literals(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#direct > 0) {
        const until = Math.min(end, at + this.#direct);
        this.#direct -= until - at;
        this.#writeLiterals(bytes, at, until);
        at = until;
        if (this.#direct === 0) {
          this.#endBlock();
        }
      } else {
        const until = Math.min(end, at + SAMPLE_SYMBOLS - this.#sampled);
        const counts = this.#codes.literalCounts;
        for (; at < until; at++) {
          const byte = bytes[at]!;
          this.#sample[this.#sampled++] = byte;
          counts[byte] = counts[byte]! + 1;
        }
        this.#leaveSample();
      }
    }
  }

  /** Bytes that stand `distance` before. At least 3, and at most 32768 before. */
  match(length: number, distance: number): void {
    let left = length;
    while (left > MAX_MATCH_BYTES) {
      // The rest must be a match too.
      const taken = left - MAX_MATCH_BYTES < MIN_MATCH_BYTES ? left - MIN_MATCH_BYTES : MAX_MATCH_BYTES;
      this.#matchOnce(taken, distance);
      left -= taken;
    }
    this.#matchOnce(left, distance);
  }

  /** Ends the last block, on a whole byte. */
  end(): void {
    if (this.#direct > 0) {
      this.#endBlock();
    }
    this.#writeSample(true);
    this.#putEnd();
    this.output.align();
  }

  #matchOnce(length: number, distance: number): void {
    if (this.#direct > 0) {
      this.#writeMatch(length, distance);
      if (--this.#direct === 0) {
        this.#endBlock();
      }
      return;
    }
    const { literalCounts, distanceCounts } = this.#codes;
    this.#sample[this.#sampled++] = (length << LENGTH_SHIFT) | (distance - 1);
    literalCounts[lengthSymbol[length]!] = literalCounts[lengthSymbol[length]!]! + 1;
    const symbol = distanceSymbolOf(distance);
    distanceCounts[symbol] = distanceCounts[symbol]! + 1;
    this.#leaveSample();
  }

  #leaveSample(): void {
    if (this.#sampled === SAMPLE_SYMBOLS) {
      this.#writeSample(false);
      this.#direct = MAX_DIRECT_SYMBOLS;
    }
  }

  #endBlock(): void {
    this.#putEnd();
    this.#direct = 0;
  }

  #putEnd(): void {
    this.output.reserve();
    this.output.put(this.#codes.literalCodes[END_OF_BLOCK]!, this.#codes.literalLengths[END_OF_BLOCK]!);
  }

  #writeSample(isLast: boolean): void {
    this.#codes.literalCounts[END_OF_BLOCK] = 1;
    this.#codes.build(!isLast);
    this.#codes.writeHeader(this.output, isLast);
    for (let i = 0; i < this.#sampled; i++) {
      const symbol = this.#sample[i]!;
      if (symbol < 256) {
        this.output.reserve();
        this.output.put(this.#codes.literalCodes[symbol]!, this.#codes.literalLengths[symbol]!);
      } else {
        this.#writeMatch(symbol >> LENGTH_SHIFT, (symbol & 0xffff) + 1);
      }
    }
    this.#sampled = 0;
  }

  #writeLiterals(bytes: Uint8Array, start: number, end: number): void {
    const { output } = this;
    const { literalCodes, literalLengths } = this.#codes;
    for (let from = start; from < end; ) {
      output.reserve();
      const to = Math.min(end, from + LITERALS_PER_RESERVE);
      const { chunk } = output;
      let { at, held, heldBits } = output;
      for (; from < to; from++) {
        const byte = bytes[from]!;
        held |= literalCodes[byte]! << heldBits;
        heldBits += literalLengths[byte]!;
        if (heldBits >= 16) {
          chunk[at] = held;
          chunk[at + 1] = held >>> 8;
          at += 2;
          held >>>= 16;
          heldBits -= 16;
        }
      }
      output.at = at;
      output.held = held;
      output.heldBits = heldBits;
    }
  }

  #writeMatch(length: number, distance: number): void {
    const { output } = this;
    const { matchCodes, matchBits, distanceCodes, distanceLengths } = this.#codes;
    output.reserve();
    // 20 bits at most.
    const code = matchCodes[length]!;
    const bits = matchBits[length]!;
    output.put(code & 0xffff, Math.min(bits, 16));
    output.put(code >>> 16, Math.max(bits - 16, 0));
    const symbol = distanceSymbolOf(distance);
    output.put(distanceCodes[symbol]!, distanceLengths[symbol]!);
    output.put(distance - distanceBase[symbol]!, distanceExtraCount[symbol]!);
  }
}
