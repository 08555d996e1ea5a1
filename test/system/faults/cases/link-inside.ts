/**
 * Has a symbolic link to a socket inside the root: that is followed.
 */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { answerInChunks, startFakeShim } from '../../../support/fake-shim.ts';
import type { Fault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

export default {
  name: 'link-inside',
  start: async ({ directory, socketPath }) => {
    const target = join(directory, 'real.sock');
    await symlink('real.sock', socketPath);
    return startFakeShim(target, answerInChunks(goodBody));
  },
  canBeWell: false,
  isUp: true,
  reasons: [],
  kept: goodBody,
} satisfies Fault;
