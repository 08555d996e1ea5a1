import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { waitForEndSignal } from './wait-for-end-signal.ts';

describe('waitForEndSignal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('tells of %s, and leaves a second one to the kernel', async (signal) => {
    const source = new EventEmitter();
    const ending = waitForEndSignal(source);
    source.emit(signal);
    expect(await ending).toBe(signal);
    expect(source.listenerCount(signal)).toBe(0);
  });

  it('keeps to the first of two', async () => {
    const source = new EventEmitter();
    const ending = waitForEndSignal(source);
    source.emit('SIGINT');
    source.emit('SIGTERM');
    expect(await ending).toBe('SIGINT');
  });

  it('does not wait for SIGHUP', () => {
    const source = new EventEmitter();
    void waitForEndSignal(source);
    expect(source.eventNames()).toEqual(['SIGTERM', 'SIGINT']);
  });
});
