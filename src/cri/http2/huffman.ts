/**
 * The Huffman code of HPACK: RFC 7541, appendix B. The code is canonical, so the length of each symbol's code defines it. Pure.
 */

/** Bits of the code of each byte. */
const CODE_BITS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26,
];
/** All longer codes are of bytes that no text has; the last code of this length ends a string, and is in none. */
const MAX_CODE_BITS = 30;
const MAX_PADDING_BITS = 7;

interface CodesOfLength {
  /** The code of `symbols[0]`; the others have the codes after it. */
  readonly first: number;
  readonly symbols: readonly number[];
}

/** Codes by their number of bits. */
const codes: readonly CodesOfLength[] = makeCodes();

function makeCodes(): CodesOfLength[] {
  const made: CodesOfLength[] = [];
  let first = 0;
  for (let bits = 0; bits <= MAX_CODE_BITS; bits++) {
    const symbols = [...CODE_BITS.keys()].filter((symbol) => CODE_BITS[symbol] === bits);
    made.push({ first, symbols });
    first = (first + symbols.length) * 2;
  }
  return made;
}

/**
 * The bytes of a text as characters U+0000 to U+00FF.
 * @throws {RangeError} for bytes that are not in this code
 */
export function decodeHuffman(bytes: Uint8Array): string {
  const symbols: number[] = [];
  let code = 0;
  let bits = 0;
  for (const byte of bytes) {
    for (let shift = 7; shift >= 0; shift--) {
      code = (code << 1) | ((byte >> shift) & 1);
      bits++;
      const { first, symbols: ofLength } = codes[bits]!;
      if (code - first < ofLength.length) {
        symbols.push(ofLength[code - first]!);
        code = 0;
        bits = 0;
      } else if (bits === MAX_CODE_BITS) {
        throw new RangeError('text in the Huffman code has an unknown code');
      }
    }
  }
  if (bits > MAX_PADDING_BITS || code !== (1 << bits) - 1) {
    throw new RangeError('text in the Huffman code ends within a code');
  }
  return Buffer.from(symbols).toString('latin1');
}
