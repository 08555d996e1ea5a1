import { describe, expect, it } from 'vitest';
import { PacedWork } from './paced-work.ts';

/** A clock that only work moves, and turns of the event loop that the test makes. */
class Loop {
  nowMs = 0;
  readonly turns: (() => void)[] = [];
  readonly log: string[] = [];
  readonly work = new PacedWork({
    sliceMs: 10,
    now: () => this.nowMs,
    defer: (run) => this.turns.push(run),
  });

  *job(name: string, parts: number, partMs: number): Generator<void, string> {
    for (let i = 0; i < parts; i++) {
      this.nowMs += partMs;
      this.log.push(name);
      yield;
    }
    return name;
  }

  /** Returns how long the turn took. */
  turn(): number {
    const startMs = this.nowMs;
    this.turns.shift()?.();
    return this.nowMs - startMs;
  }
}

describe('PacedWork', () => {
  it('does a small job at once', async () => {
    const loop = new Loop();
    const done = loop.work.run(loop.job('a', 3, 1));
    expect(loop.work.waiting).toBe(0);
    expect(await done).toBe('a');
  });

  it('works no longer than a slice in each turn, whatever waits', () => {
    const loop = new Loop();
    for (const name of ['a', 'b', 'c', 'd']) {
      void loop.work.run(loop.job(name, 20, 1));
    }
    expect(loop.nowMs).toBe(10);
    let turns = 0;
    for (; loop.work.waiting > 0; turns++) {
      expect(loop.turn()).toBeLessThanOrEqual(10);
    }
    expect(loop.log).toHaveLength(80);
    // In the last one, all are found to be done.
    expect(turns).toBe(8);
  });

  it('gives every job its turn: a large one does not hold up a small one', async () => {
    const loop = new Loop();
    void loop.work.run(loop.job('large', 1000, 1));
    const small = loop.work.run(loop.job('small', 1, 1));
    loop.turn();
    expect(await small).toBe('small');
    expect(loop.log.indexOf('small')).toBeLessThan(13);
  });

  it('begins a new slice in each turn, and leaves none open', () => {
    const loop = new Loop();
    void loop.work.run(loop.job('a', 5, 1));
    expect(loop.turns).toHaveLength(1);
    expect(loop.turn()).toBe(0);
    expect(loop.turns).toHaveLength(0);
    void loop.work.run(loop.job('b', 10, 1));
    expect(loop.work.waiting).toBe(1);
    loop.turn();
    expect(loop.work.waiting).toBe(0);
  });

  it('rejects with what a job throws, and goes on with the others', async () => {
    const loop = new Loop();
    const failing = loop.work.run(
      (function* () {
        yield;
        throw new Error('broken');
      })(),
    );
    const other = loop.work.run(loop.job('other', 2, 1));
    await expect(failing).rejects.toThrow('broken');
    expect(await other).toBe('other');
  });
});
