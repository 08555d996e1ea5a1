import { describe, expect, it } from 'vitest';
import { Turns } from './turns.ts';

const never = new AbortController().signal;

describe('Turns', () => {
  it('lets so many work at once, and the next when one is done', async () => {
    const turns = new Turns(2);
    const began: number[] = [];
    const starts = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const jobs = [0, 1, 2, 3].map(() => Promise.withResolvers<number>());
    const done = jobs.map(({ promise }, i) =>
      turns.take(never, () => {
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
    await expect(Promise.all([turns.take(never, async () => 1), turns.take(never, async () => 2)])).resolves.toEqual([
      1, 2,
    ]);
  });

  it('forgets who does not wait any more', async () => {
    const turns = new Turns(1);
    const first = Promise.withResolvers<void>();
    const running = turns.take(never, () => first.promise);
    const abort = new AbortController();
    const waiting = turns.take(abort.signal, async () => 'never');
    abort.abort(new Error('Gone'));
    await expect(waiting).rejects.toThrow('Gone');
    await expect(turns.take(abort.signal, async () => 'never')).rejects.toThrow('Gone');
    first.resolve();
    await running;
    expect(await turns.take(never, async () => 'next')).toBe('next');
  });
});
