/**
 * Has a symbolic link to a socket outside of the root, where others than the runtime may listen.
 */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { answerInChunks, startFakeShim } from '../../../support/fake-shim.ts';
import type { Fault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

export default {
  name: 'link-to-outside',
  start: async ({ outside, socketPath }) => {
    const target = join(outside, 'other.sock');
    await symlink(target, socketPath);
    return startFakeShim(target, answerInChunks(goodBody));
  },
  canBeWell: false,
  isUp: false,
  reasons: ['unsafe_socket'],
  kept: '',
} satisfies Fault;
