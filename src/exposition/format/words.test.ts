import { describe, expect, it } from 'vitest';
import { isSameWords, viewOf } from './words.ts';

const LENGTHS = Array.from({ length: 13 }, (_, i) => i);
const bytes = Buffer.from(Array.from({ length: 40 }, (_, i) => i + 1));

describe('isSameWords', () => {
  it.each(LENGTHS)('compares every one of %d bytes, and none beside them', (length) => {
    for (const [start, shift] of [0, 1, 2, 3].flatMap((from) => [0, 1, 2, 3].map((to) => [from, to] as const))) {
      const other = Buffer.alloc(60, 255);
      bytes.copy(other, start + shift, start, start + length);
      const isSame = (): boolean => isSameWords(viewOf(bytes), start, start + length, viewOf(other), start + shift);
      expect(isSame()).toBe(true);
      for (let at = start + shift; at < start + shift + length; at++) {
        other[at]! ^= 128;
        expect(isSame()).toBe(false);
        other[at]! ^= 128;
      }
    }
  });
});
