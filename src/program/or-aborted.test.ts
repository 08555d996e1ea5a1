import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { orAborted } from './or-aborted.ts';

const never = new Promise<never>(() => undefined);

describe('orAborted', () => {
  it('resolves to what the work resolves to, and leaves no listener', async () => {
    const { signal } = new AbortController();
    expect(await orAborted(Promise.resolve(1), signal)).toBe(1);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(await orAborted(Promise.resolve(2), undefined)).toBe(2);
  });

  it('rejects with what the work rejects with', async () => {
    await expect(orAborted(Promise.reject(new Error('broken')), new AbortController().signal)).rejects.toThrow(
      'broken',
    );
  });

  it('rejects with the reason of the signal, before it waits or while it does', async () => {
    const before = AbortSignal.abort(new Error('gone'));
    await expect(orAborted(Promise.resolve(1), before)).rejects.toThrow('gone');
    const controller = new AbortController();
    const waiting = orAborted(never, controller.signal);
    controller.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('ignores how the work ends after the abort', async () => {
    const work = Promise.withResolvers<void>();
    await expect(orAborted(work.promise, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    // An unhandled rejection would fail the run.
    work.reject(new Error('late'));
    await new Promise(setImmediate);
  });
});
