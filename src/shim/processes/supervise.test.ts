import { describe, expect, it } from 'vitest';
import type { ChildEnd, ChildGroup } from './child-group.ts';
import { supervise } from './supervise.ts';

/** Children whose end the test decides. */
function makeChildren() {
  const ends: ((end: ChildEnd) => void)[] = [];
  const start = async (): Promise<ChildGroup> => {
    const { promise, resolve } = Promise.withResolvers<ChildEnd>();
    const pid = ends.push(resolve);
    return {
      pid,
      ended: promise,
      stop: () => {
        resolve({ code: null, signal: 'SIGTERM' });
        return promise;
      },
    };
  };
  return { start, end: (pid: number) => ends[pid - 1]?.({ code: 1, signal: null }) };
}

function makeWait() {
  const waits: { ms: number; done: () => void }[] = [];
  const wait = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      waits.push({ ms, done: resolve });
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  return { waits, wait };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const fixed = { random: () => 0, onEnd: () => undefined, onStartFailed: () => undefined };

describe('supervise', () => {
  it('starts a child again, later each time, and at once after a healthy life', async () => {
    let nowMs = 0;
    const { start, end } = makeChildren();
    const { waits, wait } = makeWait();
    const supervised = await supervise({ ...fixed, start, wait, now: () => nowMs });
    expect(supervised.pid()).toBe(1);
    for (const [pid, ms] of [
      [1, 100],
      [2, 200],
      [3, 400],
    ] as const) {
      end(pid);
      await settle();
      expect(supervised.pid()).toBeUndefined();
      expect(waits.at(-1)?.ms).toBe(ms);
      waits.at(-1)?.done();
      await settle();
      expect(supervised.pid()).toBe(pid + 1);
    }
    nowMs = 60_000;
    end(4);
    await settle();
    expect(waits.at(-1)?.ms).toBe(100);
    await supervised.stop({ graceMs: 0 });
  });

  it('stops while it waits to start again', async () => {
    const { start, end } = makeChildren();
    const { waits, wait } = makeWait();
    const supervised = await supervise({ ...fixed, start, wait, now: () => 0 });
    end(1);
    await settle();
    expect(waits).toHaveLength(1);
    await supervised.stop({ graceMs: 0 });
    expect(supervised.pid()).toBeUndefined();
  });

  it('stops the child that runs and starts no other', async () => {
    const { start } = makeChildren();
    const { waits, wait } = makeWait();
    const supervised = await supervise({ ...fixed, start, wait, now: () => 0 });
    await supervised.stop({ graceMs: 0 });
    expect(waits).toHaveLength(0);
  });

  it('tries again when a child cannot be started', async () => {
    const { start, end } = makeChildren();
    const { waits, wait } = makeWait();
    const failures: unknown[] = [];
    let starts = 0;
    const sometimes = (): Promise<ChildGroup> => (++starts === 2 ? Promise.reject(new Error('EAGAIN')) : start());
    const onStartFailed = (error: unknown, ms: number) => failures.push([String(error), ms]);
    const supervised = await supervise({ ...fixed, start: sometimes, wait, now: () => 0, onStartFailed });
    end(1);
    await settle();
    waits.at(-1)?.done();
    await settle();
    expect(failures).toEqual([['Error: EAGAIN', 200]]);
    waits.at(-1)?.done();
    await settle();
    expect(supervised.pid()).toBe(2);
    await supervised.stop({ graceMs: 0 });
  });
});
