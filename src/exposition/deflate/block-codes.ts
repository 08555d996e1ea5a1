/**
 * The two codes of a dynamic block, and its header (RFC 1951, section 3.2.7).
 */
import { assignCodes, computeLengths } from './huffman.ts';
import { DISTANCE_SYMBOLS, LITERAL_SYMBOLS, lengthExtra, lengthExtraCount, lengthSymbol } from './symbols.ts';

const MAX_BITS = 15;
const MAX_LENGTH_BITS = 7;
/** The order in which the lengths of the code-length code are sent. */
const lengthCodeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;
/** Repeats the last length 3 to 6 times; zeros 3 to 10 and 11 to 138 times. */
const REPEAT_LAST = 16;
const REPEAT_ZERO = 17;
const REPEAT_ZERO_LONG = 18;
const DYNAMIC_BLOCK = 2;
/** Symbols of both alphabets together, in a code that is sent for both. */
const ALL_SYMBOLS = LITERAL_SYMBOLS + DISTANCE_SYMBOLS;
/** Counts are so much finer where symbols that have not occurred get a code too. */
const SCALE = 8;

/** Takes bits, at most 16 at a time, after `reserve` for 16 of these. */
interface BitOutput {
  reserve(): void;
  put(bits: number, count: number): void;
}

export class BlockCodes {
  readonly literalCounts = new Int32Array(LITERAL_SYMBOLS);
  readonly distanceCounts = new Int32Array(DISTANCE_SYMBOLS);
  readonly literalLengths = new Uint8Array(LITERAL_SYMBOLS);
  readonly literalCodes = new Uint16Array(LITERAL_SYMBOLS);
  readonly distanceLengths = new Uint8Array(DISTANCE_SYMBOLS);
  readonly distanceCodes = new Uint16Array(DISTANCE_SYMBOLS);
  /** Tables by the length of a match: its code with the extra bits, and the number of bits. */
  readonly matchCodes = new Int32Array(lengthSymbol.length);
  readonly matchBits = new Uint8Array(lengthSymbol.length);
  readonly #sent = new Uint8Array(ALL_SYMBOLS);
  readonly #runs = new Uint16Array(ALL_SYMBOLS);
  readonly #runCounts = new Int32Array(lengthCodeOrder.length);
  readonly #runLengths = new Uint8Array(lengthCodeOrder.length);
  readonly #runCodes = new Uint16Array(lengthCodeOrder.length);

  /** Creates the codes from the counts, and resets the counts. With `isComplete`, every symbol gets a code. */
  build(isComplete: boolean): void {
    build(this.literalCounts, this.literalLengths, this.literalCodes, isComplete);
    build(this.distanceCounts, this.distanceLengths, this.distanceCodes, isComplete);
    for (let length = 3; length < this.matchCodes.length; length++) {
      const symbol = lengthSymbol[length]!;
      const bits = this.literalLengths[symbol]!;
      this.matchCodes[length] = this.literalCodes[symbol]! | (lengthExtra[length]! << bits);
      this.matchBits[length] = bits + lengthExtraCount[length]!;
    }
  }

  /** The beginning of a block with these codes. */
  writeHeader(output: BitOutput, isLast: boolean): void {
    const literals = usedLength(this.literalLengths, 257);
    const distances = usedLength(this.distanceLengths, 1);
    this.#sent.set(this.literalLengths.subarray(0, literals));
    this.#sent.set(this.distanceLengths.subarray(0, distances), literals);
    const runs = this.#findRuns(literals + distances);
    computeLengths(ensureTwo(this.#runCounts), this.#runLengths, MAX_LENGTH_BITS);
    assignCodes(this.#runLengths, this.#runCodes);
    let sentLengths = lengthCodeOrder.length;
    while (sentLengths > 4 && this.#runLengths[lengthCodeOrder[sentLengths - 1]!] === 0) {
      sentLengths--;
    }
    output.reserve();
    output.put(isLast ? 1 : 0, 1);
    output.put(DYNAMIC_BLOCK, 2);
    output.put(literals - 257, 5);
    output.put(distances - 1, 5);
    output.put(sentLengths - 4, 4);
    for (let i = 0; i < sentLengths; i++) {
      output.put(this.#runLengths[lengthCodeOrder[i]!]!, 3);
    }
    for (let i = 0; i < runs; i++) {
      const symbol = this.#runs[i]! & 31;
      output.reserve();
      output.put(this.#runCodes[symbol]!, this.#runLengths[symbol]!);
      output.put(
        this.#runs[i]! >> 5,
        symbol === REPEAT_LAST ? 2 : symbol === REPEAT_ZERO ? 3 : symbol === REPEAT_ZERO_LONG ? 7 : 0,
      );
    }
  }

  /** Splits the lengths that are sent into symbols, each with the value of its extra bits from bit 5 on. */
  #findRuns(count: number): number {
    this.#runCounts.fill(0);
    let runs = 0;
    const add = (symbol: number, extra: number): void => {
      this.#runs[runs++] = symbol | (extra << 5);
      this.#runCounts[symbol] = this.#runCounts[symbol]! + 1;
    };
    for (let i = 0; i < count; ) {
      const length = this.#sent[i]!;
      let end = i + 1;
      while (end < count && this.#sent[end] === length) {
        end++;
      }
      if (length !== 0) {
        add(length, 0);
        i++;
      }
      for (const least = 3; end - i >= least; ) {
        const most = length === 0 ? 138 : 6;
        const repeated = Math.min(end - i, most);
        if (length !== 0) {
          add(REPEAT_LAST, repeated - 3);
        } else if (repeated > 10) {
          add(REPEAT_ZERO_LONG, repeated - 11);
        } else {
          add(REPEAT_ZERO, repeated - 3);
        }
        i += repeated;
      }
      for (; i < end; i++) {
        add(length, 0);
      }
    }
    return runs;
  }
}

function build(counts: Int32Array, lengths: Uint8Array, codes: Uint16Array, isComplete: boolean): void {
  if (isComplete) {
    for (let symbol = 0; symbol < counts.length; symbol++) {
      counts[symbol] = counts[symbol]! * SCALE + 1;
    }
  }
  computeLengths(ensureTwo(counts), lengths, MAX_BITS);
  assignCodes(lengths, codes);
  counts.fill(0);
}

/** A code of one symbol would leave a bit without meaning. */
function ensureTwo(counts: Int32Array): Int32Array {
  let used = 0;
  for (let symbol = 0; symbol < counts.length && used < 2; symbol++) {
    used += counts[symbol]! > 0 ? 1 : 0;
  }
  for (let symbol = 0; used < 2; symbol++) {
    if (counts[symbol] === 0) {
      counts[symbol] = 1;
      used++;
    }
  }
  return counts;
}

function usedLength(lengths: Uint8Array, least: number): number {
  let length = lengths.length;
  while (length > least && lengths[length - 1] === 0) {
    length--;
  }
  return length;
}
