/**
 * The rows of the catalog and the folders of hypervisors.
 */
import { globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startedHypervisors } from '../catalog/hypervisors.ts';
import { loadHypervisor } from './choose-hypervisor.ts';

describe('the hypervisors of the catalog', () => {
  it('have a folder each, and each folder is in the catalog', () => {
    const folders = globSync('hypervisors/*/open.ts', { cwd: import.meta.dirname }).map((path) =>
      basename(dirname(path)),
    );
    expect(folders.sort()).toEqual([...startedHypervisors].sort());
  });

  it.each(startedHypervisors)('%s is loaded by its name', async (kind) => {
    expect((await loadHypervisor(kind)).openHypervisor).toBeTypeOf('function');
  });
});
