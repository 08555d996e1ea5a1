import { describe, expect, it } from 'vitest';
import { BackOff } from './back-off.ts';

describe('BackOff', () => {
  it('waits twice as long after each failure, up to its bound, and begins again after a success', () => {
    let nowMs = 1000;
    const backOff = new BackOff({ firstMs: 100, maxMs: 500, now: () => nowMs, random: () => 0 });
    expect(backOff.remainingMs()).toBe(0);
    expect([backOff.fail(), backOff.fail(), backOff.fail(), backOff.fail(), backOff.fail()]).toEqual([
      100, 200, 400, 500, 500,
    ]);
    nowMs += 499;
    expect(backOff.remainingMs()).toBe(1);
    nowMs += 2;
    expect(backOff.remainingMs()).toBe(0);
    backOff.succeed();
    expect(backOff.fail()).toBe(100);
  });

  it('takes up to a fifth off by chance', () => {
    const backOff = new BackOff({ firstMs: 100, maxMs: 500, now: () => 0, random: () => 0.5 });
    expect(backOff.fail()).toBe(90);
  });
});
