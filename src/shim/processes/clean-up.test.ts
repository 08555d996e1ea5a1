import { describe, expect, it } from 'vitest';
import { CleanUp, startOrCleanUp } from './clean-up.ts';

describe('CleanUp', () => {
  it('takes all steps back in reverse order, once, and reports the first failure', async () => {
    const steps: string[] = [];
    const cleanUp = new CleanUp();
    cleanUp.add(() => {
      steps.push('first');
    });
    cleanUp.add(async () => {
      steps.push('second');
      throw new Error('of the second');
    });
    cleanUp.add(() => {
      steps.push('third');
      throw new Error('of the third');
    });
    await expect(cleanUp.run()).rejects.toThrow('of the third');
    await expect(cleanUp.run()).rejects.toThrow('of the third');
    expect(steps).toEqual(['third', 'second', 'first']);
  });
});

describe('startOrCleanUp', () => {
  const errors: unknown[] = [];
  const log = { error: (text: unknown) => void errors.push(text) };

  it('leaves what was started when all was', async () => {
    const steps: string[] = [];
    const undo = await startOrCleanUp(log, async (undo) => {
      undo.add(() => void steps.push('undone'));
      return undo;
    });
    expect(steps).toEqual([]);
    await undo.run();
    expect(steps).toEqual(['undone']);
  });

  it('takes back what was started before a failure, reports that one, and logs a failure of taking back', async () => {
    const steps: string[] = [];
    const started = startOrCleanUp(log, async (undo) => {
      undo.add(() => void steps.push('undone'));
      undo.add(() => Promise.reject(new Error('the second')));
      throw new Error('the first');
    });
    await expect(started).rejects.toThrow('the first');
    expect(steps).toEqual(['undone']);
    expect(errors).toEqual(['Cannot clean up: Error: the second']);
  });
});
