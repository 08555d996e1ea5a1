import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignCodes, computeLengths } from './huffman.ts';

function lengthsOf(counts: readonly number[], maxBits = 15): number[] {
  const lengths = new Uint8Array(counts.length);
  computeLengths(Int32Array.from(counts), lengths, maxBits);
  return [...lengths];
}

/** Bits that the best code takes, by joining the two smallest numbers again and again. */
function leastBits(counts: readonly number[]): number {
  const left = counts.filter((count) => count > 0);
  let bits = 0;
  while (left.length > 1) {
    left.sort((a, b) => b - a);
    const joined = left.pop()! + left.pop()!;
    bits += joined;
    left.push(joined);
  }
  return bits;
}

const space = (lengths: readonly number[]): number =>
  lengths.reduce((sum, bits) => sum + (bits === 0 ? 0 : 2 ** -bits), 0);
const fibonacci = Array.from({ length: 40 }).reduce<number[]>((all) => [...all, all.at(-1)! + all.at(-2)!], [1, 1]);

describe('computeLengths', () => {
  it.each<[counts: number[], lengths: number[]]>([
    [
      [1, 1],
      [1, 1],
    ],
    [
      [5, 0, 3, 1],
      [1, 0, 2, 2],
    ],
    [
      [1, 1, 1, 1],
      [2, 2, 2, 2],
    ],
    [
      [8, 4, 2, 1, 1],
      [1, 2, 3, 4, 4],
    ],
  ])('of %j is %j', (counts, lengths) => {
    expect(lengthsOf(counts)).toEqual(lengths);
  });

  it('is the best code, and leaves no bits unused', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 286 }), (drawn) => {
        const counts = [1, 1, ...drawn];
        const lengths = lengthsOf(counts);
        expect(space(lengths)).toBe(1);
        if (Math.max(...lengths) < 15) {
          expect(counts.reduce((sum, count, i) => sum + count * lengths[i]!, 0)).toBe(leastBits(counts));
        }
      }),
    );
  });

  it.each([
    [30, 15],
    [19, 7],
  ])('of %d symbols whose best code is longer has at most %d bits, and leaves none unused', (symbols, maxBits) => {
    const lengths = lengthsOf(fibonacci.slice(0, symbols), maxBits);
    expect(Math.max(...lengths)).toBe(maxBits);
    expect(space(lengths)).toBe(1);
  });
});

describe('assignCodes', () => {
  it('gives the codes of the example in RFC 1951, first bit lowest', () => {
    const codes = new Uint16Array(8);
    assignCodes(Uint8Array.from([3, 3, 3, 3, 3, 2, 4, 4]), codes);
    expect([...codes]).toEqual([0b010, 0b110, 0b001, 0b101, 0b011, 0b00, 0b0111, 0b1111]);
  });
});
