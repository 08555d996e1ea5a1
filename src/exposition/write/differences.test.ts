import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDifferences, INTS_PER_DIFFERENCE } from './differences.ts';

/** What the differences make of the old bytes, with copied ones in capitals. */
function apply(text: string, old: string): { result: string; shown: string } {
  const found = findDifferences(Buffer.from(text, 'latin1'), Buffer.from(old, 'latin1'));
  let result = '';
  let shown = '';
  for (let i = 0; i < found.length; i += INTS_PER_DIFFERENCE) {
    const [copied = 0, from = 0, added = 0] = found.subarray(i, i + INTS_PER_DIFFERENCE);
    const copy = old.slice(from, from + copied);
    const literal = text.slice(result.length + copied, result.length + copied + added);
    result += copy + literal;
    shown += copy.toUpperCase() + literal;
  }
  return { result, shown };
}

describe('findDifferences', () => {
  it.each([
    ['a="1"', 'a="1"', 'A="1"'],
    ['a="2",name="x"', 'a="1",name="x"', 'A="2",NAME="X"'],
    ['name="long-one-suffix"', 'name="short-two-suffix"', 'NAME="long-one-SUFFIX"'],
    ['id="abc",b="c"', 'id="abcd"', 'ID="ABC",b="c"'],
    ['abc', '', 'abc'],
    ['', 'abc', ''],
    ['x"y', 'xy', 'X"y'],
  ])('%s after %s: %s', (text, old, shown) => {
    expect(apply(text, old)).toEqual({ result: text, shown });
  });

  it('gives the bytes back, whatever they are', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '"', ','), maxLength: 60 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(apply(one, other).result).toBe(one);
      }),
      { numRuns: 2000 },
    );
  });
});
