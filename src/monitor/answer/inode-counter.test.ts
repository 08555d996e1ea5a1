import { statfsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InodeCounter } from './inode-counter.ts';

describe('InodeCounter', () => {
  it('returns the number of the kernel, once per mount point', async () => {
    const { files } = statfsSync('/tmp', { bigint: true });
    const counted = await new InodeCounter().count(['/tmp', '/tmp']);
    expect(counted).toEqual(files > 0n ? new Map([['/tmp', files]]) : new Map());
  });

  it.each(['', 'tmp', '/nowhere/at/all', '/tmp\0x'])('has no number for "%s"', async (mountpoint) => {
    expect(await new InodeCounter().count([mountpoint])).toEqual(new Map());
  });
});
