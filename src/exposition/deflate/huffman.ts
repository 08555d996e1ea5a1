/**
 * Prefix codes from the frequencies of symbols: the lengths by Moffat and Katajainen ("In-place calculation of
 * minimum-redundancy codes", 1995), cut to the longest that DEFLATE allows, and the codes of these lengths in the order
 * of RFC 1951, section 3.2.2.
 */

const MAX_SYMBOLS = 512;
const MAX_CODE_BITS = 15;

/** Symbols by rising numbers, each as number * `MAX_SYMBOLS` + symbol; then their lengths. */
const sorted = new Float64Array(MAX_SYMBOLS);
const work = new Float64Array(MAX_SYMBOLS);
const perLength = new Int32Array(MAX_SYMBOLS);
const nextCode = new Int32Array(MAX_CODE_BITS + 2);

/**
 * Writes the length of each symbol's code to `lengths`, at most `maxBits`; 0 for symbols that do not occur. At least two must
 * occur: decoders refuse codes that leave bits unused.
 */
export function computeLengths(counts: Int32Array, lengths: Uint8Array, maxBits: number): void {
  let used = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    lengths[symbol] = 0;
    if (counts[symbol]! > 0) {
      sorted[used++] = counts[symbol]! * MAX_SYMBOLS + symbol;
    }
  }
  const symbols = sorted.subarray(0, used).sort();
  for (let i = 0; i < used; i++) {
    work[i] = Math.floor(symbols[i]! / MAX_SYMBOLS);
  }
  computeDepths(work, used);
  perLength.fill(0);
  for (let i = 0; i < used; i++) {
    const depth = Math.min(work[i]!, maxBits);
    perLength[depth] = perLength[depth]! + 1;
  }
  limitLengths(maxBits);
  // The most frequent symbols, which come last, have the shortest codes.
  let at = used;
  for (let bits = 1; bits <= maxBits; bits++) {
    for (let left = perLength[bits]!; left > 0; left--) {
      lengths[symbols[--at]! % MAX_SYMBOLS] = bits;
    }
  }
}

/** The codes of these lengths, with their bits in the order in which DEFLATE sends them: the first one lowest. */
export function assignCodes(lengths: Uint8Array, codes: Uint16Array): void {
  perLength.fill(0);
  for (const bits of lengths) {
    perLength[bits] = perLength[bits]! + 1;
  }
  perLength[0] = 0;
  let code = 0;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    code = (code + perLength[bits - 1]!) << 1;
    nextCode[bits] = code;
  }
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const bits = lengths[symbol]!;
    codes[symbol] = bits === 0 ? 0 : reverseBits(nextCode[bits]!, bits);
    nextCode[bits] = nextCode[bits]! + 1;
  }
}

/** Replaces the rising numbers of `count` symbols by the depths of their leaves, which fall. */
function computeDepths(numbers: Float64Array, count: number): void {
  // Inner nodes are put where the leaves were that they join; each then holds its parent.
  let leaf = 0;
  let root = 0;
  for (let next = 0; next < count - 1; next++) {
    let sum = 0;
    for (let side = 0; side < 2; side++) {
      const isNode = leaf >= count || (root < next && numbers[root]! < numbers[leaf]!);
      if (isNode) {
        sum += numbers[root]!;
        numbers[root++] = next;
      } else {
        sum += numbers[leaf++]!;
      }
    }
    numbers[next] = sum;
  }
  numbers[count - 2] = 0;
  for (let next = count - 3; next >= 0; next--) {
    numbers[next] = numbers[numbers[next]!]! + 1;
  }
  let available = 1;
  let nodesAtDepth = 0;
  let depth = 0;
  root = count - 2;
  let next = count - 1;
  while (available > 0) {
    while (root >= 0 && numbers[root] === depth) {
      nodesAtDepth++;
      root--;
    }
    while (available > nodesAtDepth) {
      numbers[next--] = depth;
      available--;
    }
    available = 2 * nodesAtDepth;
    depth++;
    nodesAtDepth = 0;
  }
}

/** Lengthens short codes until those that were cut to `maxBits` have their place. */
function limitLengths(maxBits: number): void {
  let taken = 0;
  for (let bits = 1; bits <= maxBits; bits++) {
    taken += perLength[bits]! << (maxBits - bits);
  }
  for (; taken > 1 << maxBits; taken--) {
    let bits = maxBits - 1;
    while (perLength[bits] === 0) {
      bits--;
    }
    perLength[bits] = perLength[bits]! - 1;
    perLength[bits + 1] = perLength[bits + 1]! + 2;
    perLength[maxBits] = perLength[maxBits]! - 1;
  }
}

function reverseBits(code: number, bits: number): number {
  let reversed = 0;
  for (let i = 0; i < bits; i++) {
    reversed |= ((code >> i) & 1) << (bits - 1 - i);
  }
  return reversed;
}
