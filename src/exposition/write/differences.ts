/**
 * How label pairs differ from others: what can be copied, and what is new.
 */

const QUOTE = 0x22;
/** Shorter repetitions inside of a line are no shorter as a match. */
const MIN_COPY_BYTES = 4;

/** How many bytes are copied, from where in the old ones, and how many new ones follow. */
export const INTS_PER_DIFFERENCE = 3;

/** Compares label value by label value: in linear time. */
export function findDifferences(bytes: Uint8Array, old: Uint8Array): Int32Array {
  const found: number[] = [];
  const end = bytes.length;
  let at = 0;
  let other = 0;
  while (at < end) {
    let run = at;
    while (run < end && other < old.length && bytes[run] === old[other]) {
      run++;
      other++;
    }
    // At both ends it may be a part of a longer copy.
    const isCopied = run - at >= MIN_COPY_BYTES || (run > at && (at === 0 || run === end));
    const newFrom = isCopied ? run : at;
    if (run === end || other >= old.length) {
      found.push(newFrom - at, other - (newFrom - at), end - newFrom);
      break;
    }
    const stop = findQuote(bytes, run);
    const oldStop = findQuote(old, other);
    const most = Math.min(stop - run, oldStop - other);
    let common = 0;
    while (common < most && bytes[stop - 1 - common] === old[oldStop - 1 - common]) {
      common++;
    }
    if (common < MIN_COPY_BYTES) {
      common = 0;
    }
    found.push(newFrom - at, other - (newFrom - at), stop - common - newFrom);
    at = stop - common;
    other = oldStop - common;
  }
  return new Int32Array(found);
}

/** The end when there is none. */
function findQuote(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== QUOTE) {
    at++;
  }
  return at;
}
