import { describe, expect, it } from 'vitest';
import { SlipDecoder } from '../../src/transport/serial/slip.ts';
import { growthOf } from './count-work.ts';

describe('growthOf', () => {
  it('is 2 for linear and 4 for quadratic work of built-in functions', () => {
    const linear = (n: number): void => {
      Buffer.alloc(n, 'x').indexOf('y');
    };
    const quadratic = (n: number): void => {
      for (let i = 0; i < n; i++) {
        Buffer.alloc(n, 'x').indexOf('y');
      }
    };
    expect(growthOf(linear, 1000)).toBeCloseTo(2, 1);
    expect(growthOf(quadratic, 1000)).toBeCloseTo(4, 1);
  });

  it('counts the blocks of our own code', () => {
    const push = (times: (n: number) => number) => (n: number) => {
      const decoder = new SlipDecoder({ maxFrameBytes: 1_000_000, onFrame: () => undefined });
      for (let i = 0; i < times(n); i++) {
        decoder.push(Buffer.from('a'));
      }
    };
    expect(
      growthOf(
        push((n) => n),
        500,
      ),
    ).toBeCloseTo(2, 1);
    expect(
      growthOf(
        push((n) => n * n),
        30,
      ),
    ).toBeCloseTo(4, 1);
  });
});
