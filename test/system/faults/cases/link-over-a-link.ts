/**
 * Has a symbolic link to another one in its directory, and that one leads out of the root.
 */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { answerInChunks, startFakeShim } from '../../../support/fake-shim.ts';
import type { Fault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

export default {
  name: 'link-over-a-link',
  start: async ({ directory, outside, socketPath }) => {
    const target = join(outside, 'behind.sock');
    await symlink(target, join(directory, 'next.sock'));
    await symlink('next.sock', socketPath);
    return startFakeShim(target, answerInChunks(goodBody));
  },
  canBeWell: false,
  isUp: false,
  reasons: ['unsafe_socket'],
  kept: '',
} satisfies Fault;
