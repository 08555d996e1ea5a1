import { describe, expect, it } from 'vitest';
import { Semaphore } from './semaphore.ts';

const never = new AbortController().signal;

describe('Semaphore', () => {
  it('runs up to the limit concurrently, and the next when one has finished', async () => {
    const semaphore = new Semaphore(2);
    const began: number[] = [];
    const starts = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const jobs = [0, 1, 2, 3].map(() => Promise.withResolvers<number>());
    const done = jobs.map(({ promise }, i) =>
      semaphore.run(never, () => {
        began.push(i);
        starts[i]!.resolve();
        return promise;
      }),
    );
    await starts[1]!.promise;
    expect(began).toEqual([0, 1]);
    jobs[1]!.resolve(10);
    expect(await done[1]).toBe(10);
    await starts[2]!.promise;
    expect(began).toEqual([0, 1, 2]);
    jobs[0]!.reject(new Error('Broken'));
    await expect(done[0]).rejects.toThrow('Broken');
    await starts[3]!.promise;
    jobs[2]!.resolve(0);
    jobs[3]!.resolve(0);
    await Promise.all(done.slice(2));
    await expect(
      Promise.all([semaphore.run(never, async () => 1), semaphore.run(never, async () => 2)]),
    ).resolves.toEqual([1, 2]);
  });

  it('forgets a caller that stopped waiting', async () => {
    const semaphore = new Semaphore(1);
    const first = Promise.withResolvers<void>();
    const running = semaphore.run(never, () => first.promise);
    const abort = new AbortController();
    const waiting = semaphore.run(abort.signal, async () => 'never');
    abort.abort(new Error('Gone'));
    await expect(waiting).rejects.toThrow('Gone');
    await expect(semaphore.run(abort.signal, async () => 'never')).rejects.toThrow('Gone');
    first.resolve();
    await running;
    expect(await semaphore.run(never, async () => 'next')).toBe('next');
  });
});
