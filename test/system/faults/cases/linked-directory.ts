/**
 * Is a symbolic link to a directory in which somebody listens: it is not followed, and said.
 */
import { mkdir, rmdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { answerInChunks, startFakeShim } from '../../../support/fake-shim.ts';
import type { Fault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

export default {
  name: 'linked-directory',
  start: async ({ outside, directory }) => {
    const target = join(outside, 'linked');
    await mkdir(target);
    const shim = await startFakeShim(join(target, 'shim-monitor.sock'), answerInChunks(goodBody));
    await rmdir(directory);
    await symlink(target, directory);
    return shim;
  },
  canBeWell: false,
  isUp: false,
  reasons: ['unsafe_socket'],
  kept: '',
} satisfies Fault;
