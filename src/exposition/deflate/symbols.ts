/**
 * The alphabets of DEFLATE (RFC 1951, section 3.2.5): the symbol of each length and distance, and its extra bits.
 */

export const MIN_MATCH_BYTES = 3;
export const MAX_MATCH_BYTES = 258;
export const MAX_DISTANCE = 32768;

export const END_OF_BLOCK = 256;
const FIRST_LENGTH = 257;
/** Literals, the end of a block, and lengths. */
export const LITERAL_SYMBOLS = 286;
export const DISTANCE_SYMBOLS = 30;

const lengthExtraBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

/** Tables by the length of a match: its symbol, the number of its extra bits, and their value. */
export const lengthSymbol = new Uint16Array(MAX_MATCH_BYTES + 1);
export const lengthExtraCount = new Uint8Array(MAX_MATCH_BYTES + 1);
export const lengthExtra = new Uint8Array(MAX_MATCH_BYTES + 1);

let length = MIN_MATCH_BYTES;
lengthExtraBits.forEach((bits, i) => {
  // The symbol before the last one could stand for the longest match too, which has its own symbol.
  for (let extra = 0; extra < 1 << bits && length <= MAX_MATCH_BYTES; extra++, length++) {
    lengthSymbol[length] = FIRST_LENGTH + i;
    lengthExtraCount[length] = bits;
    lengthExtra[length] = extra;
  }
  if (i === lengthExtraBits.length - 2) {
    length = MAX_MATCH_BYTES;
  }
});

/** Tables by symbol: the smallest distance that it represents, and the number of extra bits. */
export const distanceBase = new Uint16Array(DISTANCE_SYMBOLS);
export const distanceExtraCount = new Uint8Array(DISTANCE_SYMBOLS);

/** Symbols of distances up to 256; of longer ones by their multiples of 128. See `distanceSymbolOf`. */
const distanceSymbol = new Uint8Array(512);

let base = 1;
for (let symbol = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
  const bits = symbol < 4 ? 0 : (symbol >> 1) - 1;
  distanceBase[symbol] = base;
  distanceExtraCount[symbol] = bits;
  const end = base + (1 << bits);
  for (let distance = base; distance < end; distance += distance <= 256 ? 1 : 128) {
    distanceSymbol[distance <= 256 ? distance - 1 : 256 + ((distance - 1) >> 7)] = symbol;
  }
  base = end;
}

/** The symbol of a distance from 1 to `MAX_DISTANCE`. */
export function distanceSymbolOf(distance: number): number {
  return distanceSymbol[distance <= 256 ? distance - 1 : 256 + ((distance - 1) >> 7)]!;
}
