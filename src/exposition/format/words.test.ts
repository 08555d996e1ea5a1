import { describe, expect, it } from 'vitest';
import { copyWords, isSameWords, MAX_OVERSHOOT_BYTES, viewOf } from './words.ts';

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

describe('copyWords', () => {
  it.each(LENGTHS)('copies %d bytes, and no more than it may after them', (length) => {
    for (const [start, at] of [0, 1, 2, 3].flatMap((from) => [0, 1, 2, 3].map((to) => [from, to] as const))) {
      const target = Buffer.alloc(40);
      copyWords(viewOf(bytes), start, start + length, viewOf(target), at);
      expect(target.subarray(at, at + length)).toEqual(bytes.subarray(start, start + length));
      expect(target.subarray(0, at).every((byte) => byte === 0)).toBe(true);
      expect(target.subarray(at + length + MAX_OVERSHOOT_BYTES).every((byte) => byte === 0)).toBe(true);
    }
  });
});
