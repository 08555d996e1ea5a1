import { expect, it } from 'vitest';
import { growthOf } from '../../test/support/count-work.ts';
import { GrowingBytes } from './growing-bytes.ts';

it.each([[[]], [[0]], [[1, 0, 2]], [[4096, 1]], [[4095, 2, 5000, 100_000]], [Array.from({ length: 10_000 }, () => 1)]])(
  'puts pieces together',
  (lengths) => {
    const pieces = lengths.map((length, i) => Buffer.alloc(length, i));
    const bytes = new GrowingBytes();
    for (const piece of pieces) {
      bytes.push(piece);
    }
    const all = Buffer.concat(pieces);
    expect([bytes.length, bytes.bytes.equals(all)]).toEqual([all.length, true]);
    bytes.clear();
    expect([bytes.length, bytes.bytes.length]).toEqual([0, 0]);
    bytes.push(Buffer.from('next'));
    expect(String(bytes.bytes)).toBe('next');
  },
);

it('copies each byte a limited number of times', () => {
  const piece = Buffer.alloc(1);
  const push = (count: number): void => {
    const bytes = new GrowingBytes();
    for (let i = 0; i < count; i++) {
      bytes.push(piece);
    }
  };
  expect(growthOf(push, 20_000)).toBeLessThan(2.2);
});
