import { describe, expect, it } from 'vitest';
import { CleanUp } from './clean-up.ts';

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
