import { describe, expect, it } from 'vitest';
import { collectFamilies } from './collect.ts';
import { singleFamily } from './family.ts';

describe('collectFamilies', () => {
  it('keeps the order of the list, and what others have when one fails or finds nothing', async () => {
    const collected = await collectFamilies(
      [
        { name: 'slow', collect: async (value: number) => [singleFamily('kata_shim_threads', value)] },
        { name: 'broken', collect: () => Promise.reject(new Error('Cannot read "/proc/1/io": EACCES')) },
        { name: 'empty', collect: async () => [] },
        { name: 'no-psi', collect: () => [], canBeEmpty: true },
        { name: 'no-containers', collect: async () => [], canBeEmpty: true },
        { name: 'fast', collect: async (value: number) => [singleFamily('kata_shim_fds', value)] },
      ],
      7,
    );
    expect(collected.families.map(({ name, samples }) => [name, samples[0]?.value])).toEqual([
      ['kata_shim_threads', 7],
      ['kata_shim_fds', 7],
    ]);
    expect(collected.problems).toEqual([
      { collector: 'broken', message: 'Cannot read "/proc/1/io": EACCES' },
      { collector: 'empty', message: 'Nothing to read here' },
    ]);
  });
});
