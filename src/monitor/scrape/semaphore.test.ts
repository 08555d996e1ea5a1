import { describe, expect, it } from 'vitest';
import { Semaphore } from './semaphore.ts';

const never = new AbortController().signal;

describe('Semaphore', () => {
  it('has as many places as its limit', () => {
    const semaphore = new Semaphore(2);
    expect([1, 2, 3].map(() => semaphore.tryAcquire())).toEqual([true, true, false]);
    semaphore.release();
    expect([1, 2].map(() => semaphore.tryAcquire())).toEqual([true, false]);
  });

  it('hands a place on to the caller that has waited longest', async () => {
    const semaphore = new Semaphore(1);
    await semaphore.acquire(never);
    const served: number[] = [];
    const callers = [0, 1].map(async (i) => {
      await semaphore.acquire(never);
      served.push(i);
    });
    semaphore.release();
    // Handed on, and not free for a caller that comes later.
    expect(semaphore.tryAcquire()).toBe(false);
    await callers[0];
    expect(served).toEqual([0]);
    semaphore.release();
    await callers[1];
    expect(served).toEqual([0, 1]);
    semaphore.release();
    expect(semaphore.tryAcquire()).toBe(true);
  });

  it('forgets a caller that stopped waiting', async () => {
    const semaphore = new Semaphore(1);
    await semaphore.acquire(never);
    const abort = new AbortController();
    const waiting = semaphore.acquire(abort.signal);
    abort.abort(new Error('Gone'));
    await expect(waiting).rejects.toThrow('Gone');
    await expect(semaphore.acquire(abort.signal)).rejects.toThrow('Gone');
    semaphore.release();
    expect(semaphore.tryAcquire()).toBe(true);
  });
});
